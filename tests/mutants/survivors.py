"""Mutants that no test kills, and why that is as it should be."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

EXPLAINED = Path(__file__).with_name("explained.toml")
_NAME = re.compile(r"(?P<module>.+)\.(?:x_|xǁ(?P<owner>\w+)ǁ)(?P<function>\w+?)__mutmut_\d+")


@dataclass(frozen=True, slots=True, order=True)
class Survivor:
    """A function with its module, and the line that stands in it instead. The numbers of mutants mean nothing."""

    function: str
    becomes: str


def read_survivor(name: str, change: str) -> Survivor:
    """From the name of a mutant and its unified diff."""
    return Survivor(_function(name), _added(change))


def read_explanations() -> dict[Survivor, str]:
    """Why each known survivor may live. Raises ValueError for one without a reason."""
    groups = tomllib.loads(EXPLAINED.read_text("utf-8")).get("survivors", [])
    reasons = {
        Survivor(group["function"], becomes): group["why"] for group in groups for becomes in group["becomes"]
    }
    if not all(reasons.values()):
        raise ValueError("a survivor without a reason is not explained")
    return reasons


def _function(name: str) -> str:
    """`services.ledger.parts.xǁPartEvidenceǁadded__mutmut_3` is `services.ledger.parts.PartEvidence.added`."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"not the name of a mutant: {name}")
    return ".".join(filter(None, (match["module"], match["owner"], match["function"])))


def _added(change: str) -> str:
    lines = [line[1:].strip() for line in change.splitlines() if line.startswith("+") and line[:3] != "+++"]
    return " ".join(lines)

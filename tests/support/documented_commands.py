"""The shell commands that the README and the docs promise, taken out of their code blocks."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ROOT

_INDENT = "    "
_INLINE = re.compile(r"`(curl [^`]+)`")


@dataclass(frozen=True, slots=True)
class Command:
    """One command as a reader would type it; `place` is the document and the line on which it begins."""

    text: str
    place: str

    @property
    def program(self) -> str:
        """The first word."""
        return self.text.split(maxsplit=1)[0]

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def documented_commands(*programs: str) -> list[Command]:
    """Every command of the README and the docs that starts with one of these programs."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [
        command for document in documents for command in _commands_of(document) if command.program in programs
    ]


def _commands_of(document: Path) -> Iterator[Command]:
    """The commands of indented blocks, each with the lines that continue it; and curls within the text."""
    waiting, begun_at = "", 0
    name = document.relative_to(ROOT)
    for number, line in enumerate(document.read_text("utf-8").splitlines(), start=1):
        if line.startswith(_INDENT):
            waiting, begun_at = f"{waiting}\n{line[len(_INDENT) :]}".strip(), begun_at or number
            if _is_whole(waiting):
                yield Command(waiting, f"{name}:{begun_at}")
                waiting, begun_at = "", 0
            continue
        assert not waiting, f"{name}:{begun_at}: a command without an end"
        yield from (Command(text, f"{name}:{number}") for text in _INLINE.findall(line))


def _is_whole(text: str) -> bool:
    if text.endswith("\\"):
        return False
    try:
        return bool(shlex.split(text, comments=True))
    except ValueError:
        return False

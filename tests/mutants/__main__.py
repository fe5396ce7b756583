"""`python -m tests.mutants`: mutate the rules of the money, run their tests on each mutant, and judge the outcome.

What is mutated, and by which tests it is to be killed, stands in `pyproject.toml` under `tool.mutmut`. The work is done
in a copy of the tree, which is kept: another run goes on where this one stopped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from tests.mutants.survivors import Survivor, read_explanations, read_survivor

ROOT = Path(__file__).parents[2]
COPY = ROOT / "var" / "mutants"
LEAST_KILLED_PERCENT = 90
_LAST_CHARS = 10_000
"""Of what a command that failed has said, so many are shown: enough for a test that fails without any mutant."""

_MUTMUT = (str(Path(sys.executable).with_name("mutmut")),)
_console = Console()
_KILLED = frozenset({"killed", "timeout", "segfault"})


def main() -> int:
    """Give 0 if enough mutants were killed and every survivor is explained."""
    explanations = read_explanations()
    _copy_tree()
    _mutate()
    # mutmut lets the verdicts of an earlier run stand, but there may be new tests for what has no explanation.
    if again := [name for name, survivor in _survivors().items() if survivor not in explanations]:
        _mutate(*again)
    alive = _survivors()
    unexplained = sorted(survivor for survivor in alive.values() if survivor not in explanations)
    for survivor in unexplained:
        _tell(f"{survivor.function}\n  {survivor.becomes}\n")
    for survivor in sorted(explanations.keys() - set(alive.values())):
        _tell(f"explained, but killed: {survivor.function}: {survivor.becomes}")
    count = len(_outcomes())
    killed_percent = 100 * (count - len(alive)) / count
    _tell(
        f"{count} mutants, {killed_percent:.1f} % killed; {len(alive)} live on, "
        f"{len(unexplained)} of them without an explanation"
    )
    return int(killed_percent < LEAST_KILLED_PERCENT or bool(unexplained))


def _copy_tree() -> None:
    """Everything that git knows, as it is in the working tree. What mutmut has found out stays, the tests do not."""
    listed = _run(["git", "ls-files", "-z"], ROOT)
    COPY.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(COPY / "mutants" / "tests", ignore_errors=True)
    # Which tests reach what is found out anew: other tests may, and of other modules.
    (COPY / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    # mutmut takes a newer copy for one that it has mutated: it must not find those that it has only copied.
    for module in (COPY / "mutants").rglob("*.py"):
        if not module.with_suffix(".py.meta").exists():
            module.unlink()
    for place in COPY.iterdir():
        if place.name != "mutants":
            shutil.rmtree(place) if place.is_dir() else place.unlink()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            target = COPY / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)


def _mutate(*names: str) -> None:
    """Try these mutants, or all that have no verdict yet."""
    # Its progress is one endless line; whoever wants to see it asks for `mutmut browse` in the copy.
    _run([*_MUTMUT, "run", "--max-children", str(os.cpu_count() or 1), *names], COPY)


def _survivors() -> dict[str, Survivor]:
    """The mutants that live on, by name."""
    alive = sorted(name for name, outcome in _outcomes().items() if outcome not in _KILLED)
    return {name: read_survivor(name, _run([*_MUTMUT, "show", name], COPY)) for name in alive}


def _outcomes() -> dict[str, str]:
    """What became of each mutant, by its name."""
    told = _run([*_MUTMUT, "results", "--all", "true"], COPY)
    pairs = (line.strip().rpartition(": ") for line in told.splitlines() if "__mutmut_" in line)
    return {name: outcome for name, _, outcome in pairs}


def _run(command: list[str], place: Path) -> str:
    done = subprocess.run(command, cwd=place, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        _tell(done.stdout[-_LAST_CHARS:])
        done.check_returncode()
    return done.stdout


def _tell(text: str) -> None:
    _console.print(text, highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())

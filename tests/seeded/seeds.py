"""Seeds: bugs that a careless colleague might write, each with the promise that it breaks and the test that notices.

Each room keeps its own in `tests/seeded/<room>.toml`:

    [[seed]]
    promise = "acknowledged-is-kept"      # the anchor of a promise in docs/reliability.md
    bug = "The event is acknowledged before it is durable."
    file = "services/ledger/intake/intake.py"
    old = '''what stands in the file exactly once'''
    new = '''what the bug makes of it'''
    test = "tests/integration/ledger/test_taken_in.py::test_what_is_acknowledged_is_kept"
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ROOT

FOLDER = Path(__file__).parent
DOCUMENT = ROOT / "docs" / "reliability.md"
_ANCHOR = re.compile(r'^<a id="([a-z0-9-]+)"></a>$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One bug, one promise, one test. `file` and `test` are relative to the root of the repository."""

    room: str
    """Who keeps it: the name of its TOML file."""
    promise: str
    bug: str
    file: str
    old: str
    new: str
    test: str

    @property
    def test_file(self) -> str:
        return self.test.partition("::")[0]

    @property
    def test_name(self) -> str:
        """The function, without the values it is run with."""
        return self.test.rpartition("::")[2].partition("[")[0]

    def sown_in(self, text: str) -> str:
        """The file's text with the bug. Raises ValueError where the old text is not there exactly once."""
        count = text.count(self.old)
        if count != 1:
            raise ValueError(f"{self.file} holds the old text {count} times: {self.bug}")
        return text.replace(self.old, self.new)


def read_seeds(folder: Path = FOLDER) -> tuple[Seed, ...]:
    """All seeds of all rooms. Raises ValueError for one that lacks something or has too much."""
    return tuple(seed for path in sorted(folder.glob("*.toml")) for seed in _seeds_of(path))


def promises(document: str) -> tuple[str, ...]:
    """The anchors of the promises that a document states, in its order."""
    return tuple(_ANCHOR.findall(document))


def promises_without_seed(seeds: Sequence[Seed]) -> list[str]:
    """The promises of docs/reliability.md that no seed breaks."""
    broken = {seed.promise for seed in seeds}
    return [promise for promise in promises(DOCUMENT.read_text("utf-8")) if promise not in broken]


def chosen(seeds: Sequence[Seed], words: Sequence[str]) -> tuple[Seed, ...]:
    """The seeds whose room, promise, file or test contains one of the words; all of them for no words."""
    return tuple(
        seed
        for seed in seeds
        if not words
        or any(word in name for word in words for name in (seed.room, seed.promise, seed.file, seed.test))
    )


def _seeds_of(path: Path) -> tuple[Seed, ...]:
    tables = tomllib.loads(path.read_text("utf-8")).get("seed", [])
    try:
        return tuple(Seed(room=path.stem, **table) for table in tables)
    except TypeError as error:
        raise ValueError(f"{path.name}: {error}") from error

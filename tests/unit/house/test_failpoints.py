"""The failpoints that a process lists are those that it comes to, and each is named after the process."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.kills.places import PLACES
from tests.support.processes import ROOT

FOLDERS = {
    "ledger": "services/ledger",
    "telnyx_gateway": "services/telnyx_gateway",
    "reconciler": "services/reconciler",
    "gateway": "gateway",
}
_LISTED = re.compile(r'^([A-Z_]+): Final = Failpoint\("([a-z_.]+)"\)$', re.MULTILINE)
_REACHED = re.compile(r"\bfailpoints\.([A-Z_]+)\.reached\(\)")


def _listed(folder: Path) -> dict[str, str]:
    return {match[1]: match[2] for match in _LISTED.finditer((folder / "failpoints.py").read_text())}


@pytest.mark.parametrize("service", FOLDERS)
def test_every_place_that_is_listed_is_in_the_code(service: str) -> None:
    folder = ROOT / FOLDERS[service]
    reached = Counter(
        match[1] for path in sorted(folder.rglob("*.py")) for match in _REACHED.finditer(path.read_text())
    )
    assert set(reached) == set(_listed(folder))


@pytest.mark.parametrize("service", FOLDERS)
def test_places_are_named_after_their_process(service: str) -> None:
    names = tuple(_listed(ROOT / FOLDERS[service]).values())
    assert names == PLACES[service]
    assert all(re.fullmatch(rf"{service}\.[a-z_]+\.[a-z_]+", name) for name in names)


def test_every_place_has_a_name_of_its_own() -> None:
    names = Counter(name for places in PLACES.values() for name in places)
    assert max(names.values()) == 1

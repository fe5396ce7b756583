"""The documents lead where they say."""

import re
from pathlib import Path

import pytest

from tests.support.processes import ROOT

_DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_is_right(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


def test_every_decision_is_listed_under_its_own_number() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    for decision in _DECISIONS[1:]:
        number, _, title = decision.read_text().splitlines()[0].removeprefix("# ").partition(". ")
        assert decision.name.startswith(f"{int(number):04}-")
        assert f"- [{number}. {title}]({decision.name})" in index
    assert [int(path.name[:4]) for path in _DECISIONS] == list(range(len(_DECISIONS)))


def test_the_glossary_is_in_order() -> None:
    terms = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert terms == sorted(set(terms), key=str.lower)

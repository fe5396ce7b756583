"""Every seeded bug can be put in, has its test, and breaks a promise that docs/reliability.md states."""

import ast
from pathlib import Path

import pytest

from tests.seeded.seeds import DOCUMENT, Seed, chosen, promises, promises_without_seed, read_seeds
from tests.seeded.verdicts import Outcome, Verdict, read_verdict
from tests.support.processes import ROOT

SEEDS = read_seeds()
LABELS = [f"{number}-{seed.room}-{seed.promise}" for number, seed in enumerate(SEEDS)]
"""One test may notice several bugs of a promise."""


@pytest.mark.parametrize("seed", SEEDS, ids=LABELS)
def test_a_seed_can_be_sown(seed: Seed) -> None:
    text = (ROOT / seed.file).read_text("utf-8")
    sown = seed.sown_in(text)
    assert sown != text
    if seed.file.endswith(".py"):
        ast.parse(sown)
    assert not seed.file.startswith("tests/"), "the bug belongs into what is tested"


@pytest.mark.parametrize("seed", SEEDS, ids=LABELS)
def test_a_seed_has_its_test(seed: Seed) -> None:
    tree = ast.parse((ROOT / seed.test_file).read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert seed.test_name in {function.name for function in functions}
    assert seed.test_name.startswith("test_")


@pytest.mark.parametrize("seed", SEEDS, ids=LABELS)
def test_a_seed_breaks_a_promise_and_says_how(seed: Seed) -> None:
    assert seed.promise in promises(DOCUMENT.read_text("utf-8"))
    assert seed.bug.endswith(".")


def test_every_promise_is_broken_by_a_seed() -> None:
    assert promises_without_seed(SEEDS) == []


def _seed(**changed: str) -> Seed:
    fields = {
        "room": "x",
        "promise": "p",
        "bug": "B.",
        "file": "f.py",
        "old": "a",
        "new": "b",
        "test": "t.py::test_y",
    }
    return Seed(**{**fields, **changed})


def test_the_old_text_must_be_there_once() -> None:
    assert _seed().sown_in("cat") == "cbt"
    for text in ("", "abacus"):
        with pytest.raises(ValueError, match="holds the old text"):
            _seed().sown_in(text)


def test_seeds_are_chosen_by_words() -> None:
    seeds = (
        _seed(room="kills"),
        _seed(room="cuts", test="t.py::test_that_kills[sqlite]"),
        _seed(room="copies"),
    )
    assert chosen(seeds, ["kills"]) == seeds[:2]
    assert chosen(seeds, []) == seeds


def test_a_seed_that_lacks_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "room.toml").write_text('[[seed]]\npromise = "p"\n')
    with pytest.raises(ValueError, match=r"room\.toml"):
        read_seeds(tmp_path)


@pytest.mark.parametrize(
    ("cases", "verdict"),
    [
        ("<testcase/><testcase/>", Verdict(Outcome.PASSED)),
        ("", Verdict(Outcome.BROKEN, "no such test was found")),
        (
            '<testcase/><testcase><failure message="assert 3 == 4&#10;more"/></testcase>',
            Verdict(Outcome.FAILED, "assert 3 == 4"),
        ),
        (
            '<testcase><failure message="Failed: Timeout (&gt;120.0s)"/></testcase>',
            Verdict(Outcome.FAILED, "Failed: Timeout (>120.0s)"),
        ),
        (
            '<testcase><failure message="NameError: name &apos;x&apos;"/></testcase>',
            Verdict(Outcome.BROKEN, "NameError: name 'x'"),
        ),
        (
            '<testcase><failure message="ProcessError: ledger ended&#10;ImportError: no x"/></testcase>',
            Verdict(Outcome.BROKEN, "ProcessError: ledger ended"),
        ),
        (
            '<testcase><error message="collection failure"/></testcase>',
            Verdict(Outcome.BROKEN, "collection failure"),
        ),
        ('<testcase><skipped message="no PostgreSQL"/></testcase>', Verdict(Outcome.BROKEN, "no PostgreSQL")),
    ],
)
def test_only_what_a_test_itself_finds_wrong_counts(cases: str, verdict: Verdict) -> None:
    assert read_verdict(f"<testsuites><testsuite>{cases}</testsuite></testsuites>") == verdict

"""What a run of one test says of a seed, read from the JUnit report that pytest writes."""

import re
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree as ET

_BROKEN = re.compile(
    r"\b(?:ImportError|ModuleNotFoundError|SyntaxError|IndentationError|NameError|UnboundLocalError|AttributeError"
    r"|TypeError|FixtureLookupError): "
)
"""What a program says that cannot run at all: such a failure proves nothing of a promise."""

_MOST_CHARS = 160


class Outcome(StrEnum):
    """Of the test, or tests, of one seed."""

    PASSED = "passed"
    FAILED = "failed"
    """Something that the test wants was not so, or did not come in time."""
    BROKEN = "broken"
    """It was not run, or ended for a reason that has nothing to do with what it wants."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is the first line of what the test said; empty where it passed."""

    outcome: Outcome
    reason: str = ""


def read_verdict(report: str) -> Verdict:
    """From the text of a JUnit report; several values of one test make one verdict."""
    cases = list(ET.fromstring(report).iter("testcase"))  # noqa: S314 - our own pytest has written it
    errors = [_message(case, "error") for case in cases if case.find("error") is not None]
    failures = [_message(case, "failure") for case in cases if case.find("failure") is not None]
    skipped = [_message(case, "skipped") for case in cases if case.find("skipped") is not None]
    broken = [message for message in failures if _BROKEN.search(message)]
    for messages in (broken, errors):
        if messages:
            return Verdict(Outcome.BROKEN, _line(messages[0]))
    if failures:
        return Verdict(Outcome.FAILED, _line(failures[0]))
    if skipped or not cases:
        return Verdict(Outcome.BROKEN, _line(skipped[0]) if skipped else "no such test was found")
    return Verdict(Outcome.PASSED)


def _message(case: ET.Element, kind: str) -> str:
    found = case.find(kind)
    return "" if found is None else found.get("message", "")


def _line(message: str) -> str:
    first = next((line.strip() for line in message.splitlines() if line.strip()), "it did not say why")
    return first if len(first) <= _MOST_CHARS else f"{first[: _MOST_CHARS - 1]}…"

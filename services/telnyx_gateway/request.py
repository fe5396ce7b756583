"""One question to Telnyx, as a value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Parsed = TypeVar("Parsed")


class UnreadableAnswer(ValueError):
    """A parser's word for a body that is not what was asked for."""


@dataclass(frozen=True, slots=True)
class Request(Generic[Parsed]):
    """One GET of `/v2/<endpoint>`. `parse` reads its body and raises UnreadableAnswer where it cannot.

    `label` opens the log lines of the request and names it there: no ids, no numbers.
    """

    endpoint: str
    parameters: Mapping[str, str]
    parse: Callable[[bytes], Parsed]
    label: str

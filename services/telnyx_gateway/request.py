"""One question to Telnyx, as a value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Parsed = TypeVar("Parsed")


class UnreadableAnswer(ValueError):
    """A parser's word for a body that is not what was asked for."""


@dataclass(frozen=True, slots=True)
class Request(Generic[Parsed]):
    """One request of `/v2/<path>`. `parse` reads its body and raises UnreadableAnswer where it cannot.

    `endpoint` names the quota that it counts against, and what metrics and logs call it; `path` is the same where it
    is empty. `label` opens the log lines of the request and names it there: no ids, no numbers.
    `absent`: what NotFound says where Telnyx answers that the thing is not there, or not yet (404, 409); empty where
    such an answer is a refusal. `order` makes it a POST of this JSON: not every repetition of it is harmless.
    """

    endpoint: str
    parameters: Mapping[str, str]
    parse: Callable[[bytes], Parsed]
    label: str
    path: str = ""
    absent: str = ""
    order: bytes | None = None

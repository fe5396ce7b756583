"""Reading JSON one value at a time, so that one bad value never spoils the others.

Each value is decoded on its own from its raw text: numbers are never turned into binary floats, what nobody asks
for is skipped without being built, and what cannot be read becomes a sentence instead of an error.
"""

import re
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from services.common.money import Money, UnreadableAmount, parse_money
from services.common.times import UnreadableTime, names_zone, parse_rfc3339

ABSENT = msgspec.Raw()
"""The raw value of a field that is not there."""

DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for text that is not the JSON that was asked for; RecursionError for nesting too deep."""

DEFAULT_CURRENCY = "USD"
"""What Telnyx bills in where an amount names no currency."""

MAX_CHARGE_NANOS = 10**15
"""A million: far above anything that Telnyx bills at once, and small enough for thousands to add up in a BIGINT."""

MAX_TEXT_LENGTH = 4096
"""Characters of the longest free text that is kept, such as a client state."""

MAX_ID_LENGTH = 255
"""Characters of every other text."""

MAX_LIST_BYTES = 64 * 1024
MAX_ITEMS = 100
"""Of a list, as it is written and in items."""

_MAX_SENTENCES = 50
_MAX_SENTENCE_LENGTH = 200
# No call was ever made outside these years; a time near the ends of datetime's range overflows in sums.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_WHOLE_NUMBER = re.compile(r"([0-9]{1,9})(?:\.0*)?", re.ASCII)

Shape = TypeVar("Shape")


class _AmountFields(msgspec.Struct):
    amount: msgspec.Raw = ABSENT
    currency: msgspec.Raw = ABSENT


def is_absent(raw: msgspec.Raw) -> bool:
    """Whether a field is not there, or null, which Telnyx uses in the same sense."""
    return bytes(raw) in (b"", b"null")


class ValueReader:
    """Reads the raw values of one document and collects a sentence for each that it could not read.

    Every method takes the raw value and the name that a sentence calls it by. An absent value is no fault.
    """

    def __init__(self) -> None:
        self._sentences: list[str] = []

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The sentences so far."""
        return tuple(self._sentences)

    def complain(self, name: str, reason: object) -> None:
        """Note that a value could not be read; beyond a sensible number of faults nobody reads on."""
        sentence = f"{name}: {reason}"[:_MAX_SENTENCE_LENGTH]
        if len(self._sentences) < _MAX_SENTENCES and sentence not in self._sentences:
            self._sentences.append(sentence)

    def shape(self, raw: msgspec.Raw, name: str, shape: type[Shape]) -> Shape | None:
        """A value in the given msgspec shape; None if absent, or if it has another shape."""
        if is_absent(raw):
            return None
        try:
            return msgspec.json.decode(raw, type=shape)
        except DECODE_ERRORS as error:
            self.complain(name, error)
            return None

    def items(self, raw: msgspec.Raw, name: str) -> list[msgspec.Raw]:
        """The raw items of a list; none if absent, not a list, or too many."""
        if len(bytes(raw)) > MAX_LIST_BYTES:
            self.complain(name, f"larger than {MAX_LIST_BYTES} bytes")
            return []
        found = self.shape(raw, name, list[msgspec.Raw]) or []
        if len(found) > MAX_ITEMS:
            self.complain(name, f"more than {MAX_ITEMS} items")
            return []
        return found

    def text(self, raw: msgspec.Raw, name: str, max_length: int = MAX_ID_LENGTH) -> str:
        """A string, or a number as it is written; empty if absent or unreadable."""
        if is_absent(raw):
            return ""
        written = bytes(raw)
        if not written.startswith(b'"') and written[:1] in b"-0123456789":
            text = written.decode("ascii")
        else:
            try:
                text = msgspec.json.decode(written, type=str)
            except DECODE_ERRORS as error:
                self.complain(name, error)
                return ""
        # PostgreSQL stores no NUL in a text.
        if len(text) > max_length or "\0" in text:
            self.complain(name, f"longer than {max_length} characters, or with a NUL among them")
            return ""
        return text

    def texts(self, raw: msgspec.Raw, name: str) -> tuple[str, ...]:
        """A list of strings; items that are empty or cannot be read are left out."""
        read = [self.text(item, f"{name}[{index}]") for index, item in enumerate(self.items(raw, name))]
        return tuple(text for text in read if text)

    def time(self, raw: msgspec.Raw, name: str) -> datetime | None:
        """An RFC 3339 time within this century; None if absent or unreadable.

        One without a zone is UTC, as Telnyx means it; that it was not said is noted.
        """
        text = self.text(raw, name)
        if not text:
            return None
        try:
            moment = parse_rfc3339(text)
        except UnreadableTime as error:
            self.complain(name, error)
            return None
        if _EARLIEST <= moment < _LATEST:
            if not names_zone(text):
                self.complain(name, "names no time zone, read as UTC")
            return moment
        self.complain(name, f"outside the years 2000 to 2099: {text[:40]!r}")
        return None

    def whole_number(self, raw: msgspec.Raw, name: str) -> int | None:
        """A count or whole seconds, as a number or as text; None if absent, negative or unreadable."""
        text = self.text(raw, name)
        if not text:
            return None
        match = _WHOLE_NUMBER.fullmatch(text)
        if match is None:
            self.complain(name, f"not a whole number: {text[:40]!r}")
            return None
        return int(match[1])

    def money(self, raw: msgspec.Raw, name: str, currency: str) -> Money | None:
        """An amount written as `"0.0051"`, `0.0051` or `{amount, currency}`; None if absent or unreadable.

        `currency` is that of an amount which names none itself.
        """
        if bytes(raw).startswith(b"{"):
            fields = self.shape(raw, name, _AmountFields) or _AmountFields()
            currency = self.text(fields.currency, f"{name}.currency") or currency
            raw = fields.amount
        text = self.text(raw, name)
        if not text:
            return None
        try:
            return parse_money(text, currency)
        except UnreadableAmount as error:
            self.complain(name, error)
            return None

    def charge(self, raw: msgspec.Raw, name: str, currency: str) -> Money | None:
        """Like money, for what one record, message or call costs: an amount out of all proportion is unreadable."""
        amount = self.money(raw, name, currency)
        if amount is not None and abs(amount.nanos) > MAX_CHARGE_NANOS:
            self.complain(name, "no single charge is that large")
            return None
        return amount

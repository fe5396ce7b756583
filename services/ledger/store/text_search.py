"""What the text of a filter comes to: a number, an id, or words to look for.

Whole numbers and ids are found by index, whatever the size of the book. Words are looked for in every charge of the
rest of the filter, and therefore only while those are not too many.
"""

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, collate, exists, func, or_, select

from services.common.errors import InvalidInput
from services.ledger import tables
from services.ledger.store.charge_counts import count_matching
from services.ledger.store.charge_filters import ChargeFilter, listed
from services.ledger.store.named_charges import named_charges

MOST_SEARCHED = 10_000
"""How many charges are looked through for words: what keeps a page of seven questions within 200 ms."""

_LONGEST = 256
_UPPER_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_DIALLED = re.compile(r"\+?[0-9 ()./\-\u00a0]+")
_WHOLE_NUMBER = re.compile(r"\+[0-9]{7,15}|[0-9]{5,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A filter whose text has been read: no text is left in `wanted`, and the rest says what it came to.

    `contact`: only charges with this other party, and not of the account's number of the same name. `row_ids`: only
    these rows of telnyx_billing. `words`: only charges in which one of them occurs. At most one of the three is given.
    """

    wanted: ChargeFilter
    contact: str = ""
    row_ids: tuple[int, ...] | None = None
    words: tuple[str, ...] = ()

    @property
    def is_counted(self) -> bool:
        """The rollups know how many these are and what they cost."""
        return not (self.contact or self.words or self.row_ids is not None)

    def conditions(self, connection: Connection) -> list[ColumnElement[bool]]:
        """As conditions on telnyx_billing."""
        table, conditions = tables.billing, listed(self.wanted)
        if self.contact:
            conditions += [table.c.contact == self.contact, table.c.phone_number != self.contact]
        if self.row_ids is not None:
            conditions.append(table.c.id.in_(self.row_ids))
        if self.words:
            conditions.append(or_(*(_occurs(connection, words) for words in self.words)))
        return conditions


def seek(connection: Connection, wanted: ChargeFilter) -> list[Sought]:
    """What a filter asks for, as questions of which no two share a charge.

    - A whole number, `+` and 7 to 15 digits, blanks, dashes, dots, slashes and brackets aside: all charges with this
      number on either side. Without the `+`: the same, if a charge has that number.
    - An id, exactly as Telnyx or Tollbook writes it: of a charge, call leg, session, message or detail record.
    - Anything else, whatever the case of its ASCII letters: charges with it in a number, the contact, the description
      or the record id. Nothing in it is a wildcard.

    Raises InvalidInput on `text` for one that is too long or no text, and when there are too many charges to look
    through.
    """
    text, plain = _checked(wanted.text), replace(wanted, text="")
    if not text:
        return [Sought(wanted=plain)]
    dialled = _dialled(text)
    number = _whole_number(connection, dialled)
    if number:
        of_number = wanted.phone_number in (None, number)
        ours = [Sought(wanted=replace(plain, phone_number=number))] if of_number else []
        return [*ours, Sought(wanted=plain, contact=number)]
    row_ids = named_charges(connection, text)
    if row_ids:
        return [Sought(wanted=plain, row_ids=row_ids)]
    count = count_matching(connection, plain)
    if count > MOST_SEARCHED:
        raise InvalidInput(
            f"there are {count:,} charges to look through for this text, and {MOST_SEARCHED:,} are the most: narrow "
            "the range or the filters, or give a whole number (+ and digits) or a whole id",
            "text",
        )
    # What looks like a part of a number may have been written otherwise than numbers are kept: (202) 555.
    return [Sought(wanted=plain, words=tuple({text, dialled} - {""}))]


def _checked(text: str) -> str:
    if len(text) > _LONGEST or not text.isprintable():
        raise InvalidInput(
            f"a text to search for has at most {_LONGEST} characters, all of them printable", "text"
        )
    return text.strip()


def _dialled(text: str) -> str:
    """The `+` and digits of what looks like a number, or a part of one; empty for anything else."""
    if not _DIALLED.fullmatch(text):
        return ""
    return re.sub(r"[^+0-9]", "", text)


def _whole_number(connection: Connection, dialled: str) -> str:
    """The number that these digits are; empty when they may be a part of one."""
    if not _WHOLE_NUMBER.fullmatch(dialled):
        return ""
    if dialled.startswith("+"):
        return dialled
    known = (number for number in (f"+{dialled}", dialled) if _is_known(connection, number))
    return next(known, "")


def _is_known(connection: Connection, number: str) -> bool:
    table = tables.billing
    sides: Iterable[ColumnElement[str]] = (table.c.phone_number, table.c.contact)
    return any(connection.execute(select(exists().where(side == number))).scalar() for side in sides)


def _occurs(connection: Connection, words: str) -> ColumnElement[bool]:
    """Whether the words occur, whatever the case of ASCII letters: the one folding that both stores do alike."""
    table = tables.billing
    columns = (table.c.description, table.c.contact, table.c.phone_number, table.c.record_id)
    if connection.dialect.name == "postgresql":
        lower = words.translate(_UPPER_TO_LOWER)
        return or_(*(func.strpos(func.lower(collate(column, "C")), lower) > 0 for column in columns))
    return or_(*(column.contains(words, autoescape=True) for column in columns))

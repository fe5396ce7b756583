"""Splitting a CSV into rows while it arrives; a broken row costs itself alone, whatever stands in it."""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

MAX_ROW_LENGTH = 64 * 1024
"""Characters of one row; what is longer is broken."""

_MAX_ROW_LINES = 32
_UNFINISHED = "unexpected end of data"


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row. `fields` is None where the text is no row: a quote that nothing closes, or out of all proportion."""

    text: str
    fields: tuple[str, ...] | None


class CsvRows:
    """Takes bytes as they come and gives the rows that are whole. The first row says how many fields a row has.

    A quoted field may hold line breaks. Where such a row turns out to be none, only its first line is broken: a stray
    quote must not swallow the rows behind it.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._line = ""
        self._lines: deque[str] = deque()
        self._width: int | None = None

    def feed(self, chunk: bytes) -> Iterator[CsvRow]:
        """The rows that this chunk completes."""
        self._take(self._decoder.decode(chunk))
        yield from self._rows(is_end=False)

    def end(self) -> Iterator[CsvRow]:
        """The rows that are left once everything has arrived."""
        self._take(self._decoder.decode(b"", final=True) + "\n")
        yield from self._rows(is_end=True)

    def _take(self, text: str) -> None:
        *whole, self._line = (self._line + text).split("\n")
        self._lines.extend(line.removesuffix("\r") for line in whole)
        if len(self._line) > MAX_ROW_LENGTH:
            # Not to be held until it ends; the pieces are broken rows, and say so.
            self._lines.append(self._line)
            self._line = ""

    def _rows(self, *, is_end: bool) -> Iterator[CsvRow]:
        while self._lines:
            if not self._lines[0]:
                self._lines.popleft()
                continue
            found = self._first_row(is_end=is_end)
            if found is None:
                return
            row, line_count = found
            if self._width is None and row.fields is not None:
                self._width = len(row.fields)
            for _ in range(line_count):
                self._lines.popleft()
            yield row

    def _first_row(self, *, is_end: bool) -> tuple[CsvRow, int] | None:
        """The row at the front and how many lines it has; None where more must arrive to tell."""
        first = self._lines[0]
        if '"' not in first and len(first) <= MAX_ROW_LENGTH:
            return CsvRow(first, tuple(first.split(","))), 1
        text = ""
        for line_count, line in enumerate(islice(self._lines, _MAX_ROW_LINES), start=1):
            text = f"{text}\n{line}" if line_count > 1 else line
            if len(text) > MAX_ROW_LENGTH:
                return CsvRow(first[:MAX_ROW_LENGTH], None), 1
            try:
                fields = tuple(next(csv.reader([text], strict=True)))
            except csv.Error as error:
                if str(error) == _UNFINISHED:
                    continue
                return CsvRow(first, None), 1
            is_row = line_count == 1 or self._width in (None, len(fields))
            return (CsvRow(text, fields), line_count) if is_row else (CsvRow(first, None), 1)
        is_hopeless = is_end or len(self._lines) >= _MAX_ROW_LINES
        return (CsvRow(first, None), 1) if is_hopeless else None

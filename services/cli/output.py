"""What commands write: tables for people at a terminal, plain aligned text elsewhere, JSON where it is asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from services.common.exact_json import encode_json
from services.common.phone_masks import mask_numbers

Tone = Literal["", "good", "odd", "bad", "quiet"]

_STYLES: dict[Tone, str] = {"": "", "good": "green", "odd": "yellow", "bad": "bold red", "quiet": "dim"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Amounts and counts are aligned to the right."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with a tone, which only a terminal shows."""

    text: str
    tone: Tone = ""


class Output:
    """Standard output for results, standard error for everything about how the command went."""

    def __init__(self, results: Console, remarks: Console, *, as_json: bool = False) -> None:
        self._results = results
        self._remarks = remarks
        self.as_json = as_json

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        """Rows under their columns."""
        if self._results.is_terminal:
            self._results.print(_rich_table(columns, rows))
            return
        for line in plain_lines(columns, rows):
            self.line(line)

    def line(self, text: str, tone: Tone = "") -> None:
        """One line of the result, to the letter: no markup, no emoji codes, no line breaks of our own."""
        self._results.print(Text(text, style=_STYLES[tone]), soft_wrap=True)

    def json(self, value: Any) -> None:
        """The whole result as one line of JSON; Decimals keep their digits."""
        self._results.out(encode_json(value), highlight=False)

    def remark(self, text: str, tone: Tone = "quiet") -> None:
        """One line about how the command went, without phone numbers."""
        self._remarks.print(Text(mask_numbers(text), style=_STYLES[tone]), soft_wrap=True)

    @contextmanager
    def following(self, what: str) -> Iterator["Follower"]:
        """Shows progress while the context is open: a bar at a terminal, now and then a line elsewhere."""
        if not self._remarks.is_terminal:
            yield Follower(self, None, what)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        with Progress(*columns, console=self._remarks, transient=True) as bar:
            yield Follower(self, bar, what)


class Follower:
    """Progress as it goes on."""

    def __init__(self, output: Output, bar: Progress | None, what: str) -> None:
        self._output = output
        self._bar = bar
        self._task = bar.add_task(what, total=None, note="") if bar is not None else None
        self._what = what
        self._shown = -1

    def update(self, done: int, total: int, note: str) -> None:
        """So many of so many; `note` says what else there is to know."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total or None, note=note)
            return
        if total and (tenth := done * 10 // total) != self._shown:
            self._shown = tenth
            self._output.remark(f"{self._what}: {done * 100 // total} %, {note}")


def plain_lines(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """A table as text: aligned with spaces, nothing cut off, no colours."""
    texts = [[column.title for column in columns], *([cell.text for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in texts) for index in range(len(columns))]
    return [
        "  ".join(
            text.rjust(width) if column.is_number else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in texts
    ]


def _rich_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column.title, justify="right" if column.is_number else "left", no_wrap=column.is_number
        )
    for row in rows:
        table.add_row(*(Text(cell.text, style=_STYLES[cell.tone]) for cell in row))
    return table

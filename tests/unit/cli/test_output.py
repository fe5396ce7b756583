"""What commands write, at a terminal and elsewhere."""

import io
from decimal import Decimal

import pytest
from rich.console import Console

from services.cli.output import Cell, Column, Output, plain_lines

_COLUMNS = (Column("what"), Column("cost", is_number=True))
_ROWS = [(Cell("a call"), Cell("0.015 USD")), (Cell("[bold]x[/bold] " + "w" * 100, "bad"), Cell("2 USD"))]


def _output(*, is_terminal: bool = False, as_json: bool = False) -> tuple[Output, io.StringIO, io.StringIO]:
    results, remarks = io.StringIO(), io.StringIO()
    consoles = [Console(file=file, force_terminal=is_terminal, width=80) for file in (results, remarks)]
    return Output(*consoles, as_json=as_json), results, remarks


def test_elsewhere_a_table_is_aligned_text_and_nothing_is_cut_off() -> None:
    output, results, _ = _output()
    output.table(_COLUMNS, _ROWS)
    lines = results.getvalue().splitlines()
    assert lines == plain_lines(_COLUMNS, _ROWS)
    assert {len(line) for line in lines} == {len("[bold]x[/bold] ") + 100 + 2 + len("0.015 USD")}
    assert "\x1b" not in results.getvalue()


def test_at_a_terminal_a_table_has_tones_and_markup_stays_text() -> None:
    output, results, _ = _output(is_terminal=True)
    output.table(_COLUMNS, _ROWS)
    assert "\x1b[1;31m" in results.getvalue()
    assert "[bold]x[/bold]" in results.getvalue()


def test_json_keeps_every_digit() -> None:
    output, results, _ = _output(as_json=True)
    output.json({"cost": Decimal("0.000000001"), "note": "[x]" + "w" * 200})
    assert results.getvalue() == '{"cost":0.000000001,"note":"[x]' + "w" * 200 + '"}\n'


def test_remarks_go_to_standard_error_without_phone_numbers() -> None:
    output, results, remarks = _output()
    output.remark("the call from +12025550131 [x]")
    assert (results.getvalue(), remarks.getvalue()) == ("", "the call from +1202***0131 [x]\n")


def test_progress_elsewhere_is_a_line_for_each_tenth() -> None:
    output, _, remarks = _output()
    with output.following("backfill") as follower:
        for done in range(101):
            follower.update(done, 100, f"{done} records")
    lines = remarks.getvalue().splitlines()
    assert lines == [f"backfill: {tenth} %, {tenth} records" for tenth in range(0, 101, 10)]


@pytest.mark.parametrize("total", [0, 7])
def test_progress_at_a_terminal_leaves_nothing_behind(total: int) -> None:
    output, results, remarks = _output(is_terminal=True)
    with output.following("verifying") as follower:
        follower.update(3, total, "charges [x]")
    assert results.getvalue() == ""
    assert "verifying" in remarks.getvalue()

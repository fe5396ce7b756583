"""The tables that are written into docs/performance.md."""

from pathlib import Path

import pytest

from tests.benchmarks.document import BEGIN, END, in_unit, put_between_markers, render
from tests.benchmarks.kept_parts import KeptPart, keep_part, kept_part
from tests.benchmarks.machine import Machine
from tests.benchmarks.measured import Measured, Report
from tests.support.processes import ROOT

_MACHINE = Machine(
    cpu="Example 9000",
    cores=2,
    memory_gb=24.6,
    system="Linux 6.18",
    python="3.11.2",
    sqlite="3.53.4",
    postgresql="18.1",
    sync_p50_ms=0.456,
    sync_p99_ms=4.0,
)


def _part(*measured: Measured, is_quick: bool = False) -> KeptPart:
    return KeptPart(
        report=Report(part="ingest", title="Webhooks", measured=measured, notes=("Without node.",)),
        machine=_MACHINE,
        measured_on="2026-11-23",
        commit="abc1234",
        took_s=61.4,
        is_quick=is_quick,
    )


def _pace(subject: str, *values: float) -> Measured:
    return Measured(subject=subject, name="pace", unit="/s", values=values, setting="64 connections")


_RATIO = Measured(
    subject="Tollbook",
    name="by the floor",
    unit="times",
    values=(0.8, 0.9, 0.87),
    at_least=0.85,
    setting="64 connections",
)


def test_a_report_tells_the_machine_the_goals_and_every_figure() -> None:
    text = render(
        [_part(_pace("floor", 4000.0, 4200.0, 4100.0), _pace("Tollbook", 3500, 3500, 3500), _RATIO)]
    )
    assert text == (
        "Example 9000, 2 cores, 25 GB; Linux 6.18; Python 3.11.2, SQLite 3.53.4, PostgreSQL 18.1.\n"
        "Appending 4 KB to a file and syncing them takes 0.46 ms (p50), 4.00 ms (p99).\n"
        "\n"
        "### Goals\n"
        "\n"
        "| part | what |  | median | rounds | goal | reached |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| ingest | Tollbook, 64 connections | by the floor | 0.87 times | 0.80–0.90 | at least 0.85 times | yes |\n"
        "\n"
        "### Webhooks\n"
        "\n"
        "Measured on 2026-11-23 at abc1234 in 61 s; medians of 3 rounds, with the lowest and the highest.\n"
        "\n"
        "| 64 connections | pace | by the floor |\n"
        "| --- | --- | --- |\n"
        "| floor | 4,100/s (4,000–4,200) |  |\n"
        "| Tollbook | 3,500/s | 0.87 times (0.80–0.90) |\n"
        "\n"
        "- Without node.\n"
    )


def test_a_goal_that_was_missed_stands_out() -> None:
    slow = Measured(subject="Tollbook", name="p99", unit="ms", values=(71.0,), at_most=60)
    text = render([_part(slow)])
    assert "| ingest | Tollbook | p99 | 71.0 ms | 71.0 | at most 60.0 ms | **no** |" in text
    assert "| Tollbook | **71.0 ms** |" in text


@pytest.mark.parametrize(
    ("latencies_ms", "verdict"), [((10, 45, 20, 30, 11), "yes"), ((10, 70, 20, 61, 11), "**3 of 5**")]
)
def test_of_many_alike_the_worst_is_held_against_the_goal(
    latencies_ms: tuple[float, ...], verdict: str
) -> None:
    pages = [
        Measured(subject=f"page {number}", name="p99", unit="ms", values=(latency_ms,), at_most=60)
        for number, latency_ms in enumerate(latencies_ms)
    ]
    rows = [line for line in render([_part(*pages)]).splitlines() if line.startswith("| ingest ")]
    worst = max(latencies_ms)
    assert rows == [
        f"| ingest | the worst of 5: page 1 | p99 | {worst:.1f} ms | {worst:.1f} | at most 60.0 ms | {verdict} |"
    ]


def test_figures_of_a_quick_run_say_so() -> None:
    assert "quick run" in render([_part(_RATIO, is_quick=True)])
    assert "quick run" not in render([_part(_RATIO)])


def test_the_longer_side_of_a_table_goes_down() -> None:
    names = [Measured(subject="edge", name=name, unit="µs", values=(1.5,)) for name in ("loop", "gRPC")]
    assert "|  | edge |\n| --- | --- |\n| loop | 1.50 µs |\n| gRPC | 1.50 µs |" in render([_part(*names)])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234.6, "/s", "1,235/s"),
        (99.94, "ms", "99.9 ms"),
        (0.127, "ms", "0.13 ms"),
        (11.2, "%", "11.2%"),
        (0.854, "times", "0.85 times"),
        (3, "", "3"),
    ],
)
def test_figures_have_as_many_digits_as_mean_something(value: float, unit: str, text: str) -> None:
    assert in_unit(value, unit) == text


def test_figures_are_put_between_the_markers_again_and_again(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"Before.\n\n{BEGIN}\n{END}\n\nAfter.\n")
    for text in ("old\n", "new\n"):
        put_between_markers(document, text)
    assert document.read_text() == f"Before.\n\n{BEGIN}\n\nnew\n\n{END}\n\nAfter.\n"


def test_a_document_without_markers_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("Before.\n")
    with pytest.raises(ValueError, match="no place for figures"):
        put_between_markers(document, "new\n")
    assert document.read_text() == "Before.\n"


def test_the_document_of_the_figures_has_a_place_for_them() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    assert text.count(BEGIN) == text.count(END) == 1


def test_a_part_is_kept_until_it_is_measured_again(tmp_path: Path) -> None:
    assert kept_part("ingest", tmp_path) is None
    for part in (_part(_RATIO), _part(_RATIO, is_quick=True)):
        keep_part(part, tmp_path)
        assert kept_part("ingest", tmp_path) == part

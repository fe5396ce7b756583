"""Figures, ratios and goals of the benchmark; no time is measured here."""

import pytest

from tests.benchmarks.measured import Measured, Report, ratios


def _measured(*values: float, at_least: float | None = None, at_most: float | None = None) -> Measured:
    return Measured(
        subject="Tollbook", name="pace", unit="/s", values=values, at_least=at_least, at_most=at_most
    )


def test_the_value_is_the_median_of_the_rounds() -> None:
    assert _measured(3, 100, 1).value == 3
    assert _measured(1, 2).value == 1.5


@pytest.mark.parametrize(
    ("measured", "is_reached"),
    [
        (_measured(2.9, 3.0, 3.1, at_least=3.0), True),
        (_measured(2.9, 2.99, 3.1, at_least=3.0), False),
        (_measured(50, 60, 70, at_most=60), True),
        (_measured(50, 60.1, 70, at_most=60), False),
        (_measured(1), None),
    ],
)
def test_the_median_is_held_against_the_goal(measured: Measured, is_reached: bool | None) -> None:
    assert measured.is_reached is is_reached


def test_a_figure_without_a_round_is_refused() -> None:
    with pytest.raises(ValueError, match="no round"):
        _measured()


def test_ratios_are_taken_within_each_round() -> None:
    assert ratios([10, 30], [5, 60]) == (2.0, 0.5)
    with pytest.raises(ValueError, match="zip"):
        ratios([1], [1, 2])


def test_json_tells_medians_and_verdicts_beside_the_rounds() -> None:
    told = Report(
        part="ingest", title="Webhooks", measured=(_measured(1, 3, 2, at_least=2),), notes=("All.",)
    ).as_json()
    assert told["part"] == "ingest"
    assert told["notes"] == ["All."]
    figure = told["measured"][0]
    assert (figure["values"], figure["value"], figure["is_reached"]) == ((1, 3, 2), 2, True)

"""The witnesses of one session held against each other."""

from dataclasses import replace

import pytest

from services.common.money import Money
from services.reconciler.witnesses.compare import compare
from services.reconciler.witnesses.testimony import Analysis, LegCost, PartCost, SessionStory
from tests.unit.reconciler.moments import NOON

MILLI = 1_000_000
SILENCE = "session analysis was not asked"


def _usd(millis: float) -> Money:
    return Money("USD", int(millis * MILLI))


def _part(record_type: str, millis: float, call_id: str = "v3:customer") -> PartCost:
    return PartCost(record_type, _usd(millis), call_id)


RECORDS = (
    _part("sip-trunking", 15),
    _part("sip-trunking", 0),
    _part("call-control", 6),
    _part("call-control", 6.2, "v3:agent"),
    _part("amd", 2),
    _part("recording", 6),
)
CALL_COST = LegCost(
    call_id="v3:customer",
    total=_usd(27),
    parts=(_part("sip-trunking", 15), _part("call-control", 6), _part("recording", 6)),
)
STORY = SessionStory(
    session_id="s", start_at=NOON, is_exact=True, leg_count=2, records=RECORDS, leg_costs=(CALL_COST,)
)
ANALYSIS = Analysis(
    total=_usd(35.2),
    events=tuple(PartCost(part.record_type, part.cost) for part in RECORDS if part.cost.nanos),
)


def _differences(story: SessionStory, analysis: Analysis | None = None) -> tuple[str, ...]:
    return compare(story, analysis, SILENCE).differences


def test_witnesses_that_agree() -> None:
    compared = compare(STORY, ANALYSIS, "")
    assert compared.differences == ()
    records, call_cost, analysis = compared.witnesses
    assert [witness.has_spoken for witness in compared.witnesses] == [True] * 3
    assert (records.costs, call_cost.costs, analysis.costs) == ((_usd(35.2),), (_usd(27),), (_usd(35.2),))
    assert [part.record_type for part in records.parts] == [
        "amd",
        "call-control",
        "recording",
        "sip-trunking",
    ]
    assert records.parts[1].cost == _usd(12.2)
    assert call_cost.message == "sip-trunking, call-control and recording of 1 of 2 legs"


def test_what_nobody_said_is_told_as_silence() -> None:
    compared = compare(
        SessionStory(session_id="s", start_at=None, is_exact=False, leg_count=1), None, SILENCE
    )
    assert compared.differences == ()
    assert [witness.has_spoken for witness in compared.witnesses] == [False] * 3
    assert [witness.message for witness in compared.witnesses] == [
        "no detail record of this session has come yet",
        "no webhook told what a leg of this session cost",
        SILENCE,
    ]


def test_call_cost_that_says_otherwise() -> None:
    told = LegCost(
        call_id="v3:customer", total=None, parts=(_part("sip-trunking", 16.5), _part("call-control", 6))
    )
    assert _differences(replace(STORY, leg_costs=(told,))) == (
        "sip-trunking of leg v3:customer: detail records say 0.015 USD, call.cost says 0.0165 USD",
    )


def test_another_legs_records_are_not_what_a_leg_speaks_of() -> None:
    told = LegCost(call_id="v3:agent", total=None, parts=(_part("call-control", 6.2),))
    assert _differences(replace(STORY, leg_costs=(told,))) == ()


@pytest.mark.parametrize(("is_exact", "count"), [(False, 0), (True, 1)])
def test_a_part_without_a_record_contradicts_only_when_all_has_come(is_exact: bool, count: int) -> None:
    told = LegCost(call_id="v3:agent", total=None, parts=(_part("sip-trunking", 6.2),))
    differences = _differences(replace(STORY, leg_costs=(told,), is_exact=is_exact))
    assert len(differences) == count
    assert all("no detail record came of it" in difference for difference in differences)


def test_recordings_are_compared_over_the_session_if_every_leg_that_has_one_told() -> None:
    told = LegCost(call_id="v3:customer", total=None, parts=(_part("recording", 4),))
    assert _differences(replace(STORY, leg_costs=(told,))) == (
        "recording of the session: detail records say 0.006 USD, call.cost says 0.004 USD",
    )
    other = (*RECORDS, _part("recording", 2, "v3:agent"))
    assert _differences(replace(STORY, records=other, leg_costs=(told,))) == ()


def test_a_call_cost_of_the_session_alone_speaks_of_no_leg() -> None:
    told = LegCost(call_id="", total=None, parts=(_part("sip-trunking", 99), _part("recording", 6)))
    assert _differences(replace(STORY, leg_costs=(told,))) == ()


def test_a_call_cost_that_contradicts_itself() -> None:
    told = replace(CALL_COST, total=_usd(30))
    assert _differences(replace(STORY, leg_costs=(told,))) == (
        "call.cost of leg v3:customer: its parts add up to 0.027 USD, its total is 0.03 USD",
    )


def test_a_total_without_parts_is_held_against_all_that_call_cost_sees() -> None:
    one_leg = replace(STORY, leg_count=1, leg_costs=(LegCost(call_id="v3:customer", total=_usd(28)),))
    [difference] = _differences(one_leg)
    assert difference.startswith("sip-trunking, call-control and recording of leg v3:customer: ")
    assert difference.endswith("detail records say 0.027 USD, call.cost says 0.028 USD")
    assert _differences(replace(one_leg, is_exact=False)) == ()
    assert _differences(replace(one_leg, leg_count=2)) == ()


def test_session_analysis_that_says_otherwise() -> None:
    events = tuple(event for event in ANALYSIS.events if event.record_type != "amd")
    assert _differences(STORY, replace(ANALYSIS, total=_usd(33.2), events=events)) == (
        "in all: detail records say 0.0352 USD, session analysis says 0.0332 USD",
        "amd: detail records say 0.002 USD, session analysis says 0 USD",
    )


def test_amounts_that_nobody_can_read_are_counted() -> None:
    [_, call_cost, analysis] = compare(
        replace(STORY, forgotten_count=1), replace(ANALYSIS, unreadable=("cost: not a number",)), ""
    ).witnesses
    assert analysis.message.endswith("1 amount could not be read")
    assert "1 webhook can no longer be read" in call_cost.message


def test_currencies_do_not_mix() -> None:
    records = (*RECORDS, PartCost("sip-trunking", Money("EUR", MILLI), "v3:customer"))
    compared = compare(replace(STORY, records=records), ANALYSIS, "")
    assert compared.witnesses[0].costs == (Money("EUR", MILLI), _usd(35.2))
    assert compared.differences == (
        "sip-trunking: detail records say 0.001 EUR, session analysis says 0 EUR",
    )

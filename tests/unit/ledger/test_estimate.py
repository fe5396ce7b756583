"""The estimate: rounded as Telnyx rounds, at a rate that is fixed when it is first booked."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.estimate import estimate_nanos, is_on_net
from services.ledger.facts import EstimateRate
from tests.unit.ledger.books import RULES, Fact, book, charge_in, cost_in
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    SESSION,
    answered,
    answered_call,
    at,
    call_event,
    hangup,
    nanos,
    unanswered_call,
)

RATE = nanos("0.015")


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(0, 1), (0.000001, 1), (59.999999, 1), (60, 1), (60.000001, 2), (61, 2), (120, 2), (163, 3), (3600, 60)],
)
def test_pstn_counts_by_the_started_minute(seconds: float, minutes: int) -> None:
    assert estimate_nanos(timedelta(seconds=seconds), RATE, is_on_net=False) == minutes * RATE


@pytest.mark.parametrize(
    ("seconds", "sixes"), [(0, 1), (6, 1), (6.1, 2), (60, 10), (61, 11), (163, 28), (186, 31)]
)
def test_on_net_sip_counts_by_the_started_6_seconds(seconds: float, sixes: int) -> None:
    assert estimate_nanos(timedelta(seconds=seconds), RATE, is_on_net=True) == sixes * RATE // 10


def test_a_fraction_of_a_nano_is_rounded_up() -> None:
    assert estimate_nanos(timedelta(seconds=6), 1, is_on_net=True) == 1


@given(st.integers(0, 10**9), st.integers(0, 100 * 10**9), st.booleans())
def test_it_never_falls_short_of_the_time_that_was_talked(micros: int, rate: int, on_net: bool) -> None:
    talk = timedelta(microseconds=micros)
    exact, increment = micros * rate, (6 if on_net else 60) * 10**6
    estimate = estimate_nanos(talk, rate, on_net)
    assert exact <= estimate * 60 * 10**6 <= exact + increment * rate + 60 * 10**6


@pytest.mark.parametrize(
    "address", ["sip:agent@example.test", "SIPS:agent", "agent@example.test", "sip:agent"]
)
def test_a_sip_address_is_on_net(address: str) -> None:
    assert is_on_net(address)
    assert not is_on_net("+12025550131")


def test_the_other_party_decides() -> None:
    """Of an inbound call it is the caller."""
    inbound = {"direction": "incoming", "from": "sip:desk@example.test", "to": "+12025550123"}
    derived = book(
        call_event(CUSTOMER, "call.answered", 0, **inbound),
        call_event(
            CUSTOMER,
            "call.hangup",
            60,
            hangup_cause="normal_clearing",
            end_time="2026-11-21T10:00:13Z",
            **inbound,
        ),
    )
    assert cost_in(derived, CUSTOMER) == 3 * RATE // 10
    assert charge_in(derived, CUSTOMER).phone_number == "+12025550123"


def test_an_unanswered_call_is_estimated_at_0() -> None:
    derived = book(*unanswered_call(CUSTOMER))
    assert [(charge.cost_nanos, charge.can_settle) for charge in derived.charges] == [(0, False)]


class TestRate:
    """A fact from the moment of the first estimate: a changed setting does not touch it."""

    DEARER = replace(RULES, fallback_nanos_per_minute=nanos("0.02"))

    def fixed(self, call_id: str, rate: str, booked: float, source: str = "fallback") -> EstimateRate:
        return EstimateRate(
            call_id=call_id, nanos_per_minute=nanos(rate), source=source, booked_at=at(booked)
        )

    def test_without_one_it_is_the_settings(self) -> None:
        derived = book(*answered_call(CUSTOMER), rules=self.DEARER)
        assert cost_in(derived, CUSTOMER) == nanos("0.06")
        assert derived.first_rates == (self.fixed(CUSTOMER.call_control_id, "0.02", 169),)

    def test_once_fixed_the_settings_do_not_matter(self) -> None:
        items: list[Fact] = [*answered_call(CUSTOMER)]
        [rate] = book(*items).first_rates
        later = book(*items, rate, rules=self.DEARER)
        assert cost_in(later, CUSTOMER) == nanos("0.045")
        assert later.first_rates == ()

    def test_there_is_none_before_the_call_has_ended(self) -> None:
        assert book(answered(CUSTOMER)).first_rates == ()

    def test_its_source_is_the_estimates(self) -> None:
        learned = self.fixed(CUSTOMER.call_control_id, "0.011", 0, "learned")
        charge = charge_in(book(*answered_call(CUSTOMER), learned), CUSTOMER)
        assert (charge.cost_nanos, charge.source) == (nanos("0.033"), "learned")
        assert charge.details["nanosPerMinute"] == nanos("0.011")

    def test_legs_that_were_joined_keep_the_earliest(self) -> None:
        by_control = self.fixed(CUSTOMER.call_control_id, "0.02", 300)
        by_leg = self.fixed(CUSTOMER.call_leg_id, "0.01", 200)
        for items in ([by_control, by_leg], [by_leg, by_control]):
            assert cost_in(book(*answered_call(CUSTOMER), *items), CUSTOMER) == nanos("0.03")

    def test_the_rate_of_another_leg_is_not_this_ones(self) -> None:
        other = self.fixed(AGENT.call_control_id, "0.5", 0)
        session = self.fixed(SESSION, "0.5", 0)
        assert cost_in(book(*answered_call(CUSTOMER), other, session), CUSTOMER) == nanos("0.045")


def test_a_hang_up_that_comes_again_is_estimated_once() -> None:
    again = hangup(CUSTOMER, 168, name="sent again", received=400)
    derived = book(*answered_call(CUSTOMER), again)
    assert [charge.cost_nanos for charge in derived.charges] == [nanos("0.045")]
    assert len(derived.first_rates) == 1

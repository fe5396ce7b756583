"""Rates that the book learns from its own exact calls."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.calling_codes import calling_code_length, number_digits
from services.ledger.estimate import billed_s, estimate_nanos, is_on_net
from services.ledger.learned_rates import MIN_CALLS, NOTHING_LEARNED, ExactCall, LearnedRates, learn_rates
from tests.unit.ledger.books import RULES, book, charge_in, cost_in
from tests.unit.ledger.builders import CUSTOMER, answered, answered_call, nanos, unanswered_call

FLAT = nanos("0.015")


def call(
    rate: str, other_party: str = "+12025550131", minutes: int = 1, direction: str = "outbound"
) -> ExactCall:
    """A call that was billed some whole minutes."""
    return ExactCall(
        direction=direction,
        other_party=other_party,
        talk_time=timedelta(minutes=minutes),
        cost_nanos=nanos(rate) * minutes,
    )


@pytest.mark.parametrize(
    ("digits", "length"), [("12025550131", 1), ("74951234567", 1), ("442079460000", 2), ("351210000000", 3)]
)
def test_a_calling_code_ends_where_the_country_does(digits: str, length: int) -> None:
    assert calling_code_length(digits) == length


@pytest.mark.parametrize("text", ["", "anonymous", "+1202", "12345", "sip:desk@example.test", "+1202555013¹"])
def test_what_is_no_international_number_has_no_digits(text: str) -> None:
    assert number_digits(text) == ""


def test_few_calls_teach_nothing() -> None:
    assert learn_rates([call("0.007")] * (MIN_CALLS - 1)).find("outbound", "+12025550131") is None
    assert learn_rates([call("0.007")] * MIN_CALLS).find("outbound", "+12025550131") == nanos("0.007")


def test_calls_without_talk_time_teach_nothing() -> None:
    silent = replace(call("0"), talk_time=timedelta())
    assert learn_rates([silent] * MIN_CALLS) == NOTHING_LEARNED
    taught = learn_rates([silent, *[call("0.007")] * MIN_CALLS])
    assert taught.find("outbound", "+12025550131") == nanos("0.007")


@pytest.mark.parametrize(
    ("cost_nanos", "minutes", "rate"),
    [(1, 2, 1), (1, 3, 0), (9_007_199_254_740_993, 1, 9_007_199_254_740_993)],
)
def test_a_rate_is_rounded_to_the_nano_and_never_further(cost_nanos: int, minutes: int, rate: int) -> None:
    billed = replace(call("0", minutes=minutes), cost_nanos=cost_nanos)
    assert learn_rates([billed] * MIN_CALLS).find("outbound", "+12025550131") == rate


def test_on_net_calls_are_billed_by_6_seconds() -> None:
    short = replace(call("0.0002", "sip:desk@example.test"), talk_time=timedelta(seconds=6))
    assert learn_rates([short] * MIN_CALLS).find("outbound", "sip:desk@example.test") == nanos("0.002")


def test_each_digit_of_a_beginning_counts() -> None:
    rates = learn_rates(
        [*[call("0.012", "+12025550131")] * MIN_CALLS, *[call("0.004", "+12025670131")] * MIN_CALLS * 2]
    )
    assert rates.find("outbound", "+12025590131") == nanos("0.012")
    assert rates.find("outbound", "+12025790131") == nanos("0.004")


def test_the_longest_known_beginning_of_a_number_speaks() -> None:
    rates = learn_rates(
        [
            *[call("0.012", "+447700900123")] * MIN_CALLS,
            *[call("0.004", "+442079460123")] * MIN_CALLS * 2,
            *[call("0.001", "+12025550131")] * MIN_CALLS * 9,
        ]
    )
    assert rates.find("outbound", "+447700900999") == nanos("0.012")
    assert rates.find("outbound", "+442079460999") == nanos("0.004")
    assert rates.find("outbound", "+441632960123") == nanos("0.004"), "the country's, where most calls went"
    assert rates.find("outbound", "+49301234567") == nanos("0.001"), "that of the direction"
    assert rates.find("outbound", "anonymous") == nanos("0.001")
    assert rates.find("inbound", "+447700900999") is None


def test_sip_addresses_are_a_group_of_their_own() -> None:
    on_net = [call("0.002", f"sip:agent{n}@example.test") for n in range(MIN_CALLS)]
    rates = learn_rates([*on_net, *[call("0.007")] * MIN_CALLS * 2])
    assert rates.find("outbound", "desk@example.test") == nanos("0.002")
    assert rates.find("outbound", "+12025550131") == nanos("0.007")


def test_odd_calls_do_not_move_a_rate() -> None:
    odd = [call("9"), call("0"), call("-1")] * 3
    assert learn_rates([*odd, *[call("0.007")] * MIN_CALLS]).find("outbound", "+12025550131") == nanos(
        "0.007"
    )


def test_a_changed_price_is_learned_from_the_newest_calls() -> None:
    rates = learn_rates([*[call("0.009")] * 150, *[call("0.007")] * 5000])
    assert rates.find("outbound", "+12025550131") == nanos("0.009")


def test_the_newest_200_count_and_of_two_rates_in_the_middle_the_lower() -> None:
    rates = learn_rates([*[call("0.007")] * 100, *[call("0.009")] * 5000])
    assert rates.find("outbound", "+12025550131") == nanos("0.007")


def test_long_calls_weigh_more_than_short_ones() -> None:
    """Their estimates are off by more."""
    short = [call("0.010")] * MIN_CALLS
    long = [call("0.007", minutes=30)] * (MIN_CALLS // 2)
    assert learn_rates([*short, *long]).find("outbound", "+12025550131") == nanos("0.007")


_CALLS = st.lists(
    st.builds(
        ExactCall,
        direction=st.just("outbound"),
        other_party=st.just("+12025550131"),
        talk_time=st.timedeltas(timedelta(seconds=1), timedelta(hours=2)),
        cost_nanos=st.integers(0, 10**10),
    ),
    min_size=MIN_CALLS,
    max_size=60,
)


@given(_CALLS, st.randoms(use_true_random=False))
def test_no_rate_of_any_of_the_calls_would_have_been_nearer(calls: list[ExactCall], random: Random) -> None:
    """It is the least mean error that one rate for all of them can have; the order of the calls does not matter."""
    learned = learn_rates(calls).find("outbound", "+12025550131")
    assert learned is not None
    assert learn_rates(random.sample(calls, len(calls))).find("outbound", "+12025550131") == learned
    for candidate in calls:
        rate = candidate.cost_nanos * 60 // billed_s(candidate.talk_time, is_on_net=False)
        # A nano per minute and per call for what was rounded.
        slack = sum(billed_s(call.talk_time, is_on_net=False) // 60 + 1 for call in calls)
        assert _errors(calls, learned) <= _errors(calls, rate) + slack


def _errors(calls: list[ExactCall], rate: int) -> int:
    return sum(
        abs(estimate_nanos(call.talk_time, rate, is_on_net(call.other_party)) - call.cost_nanos)
        for call in calls
    )


def test_on_calls_as_accounts_have_them_it_beats_the_flat_rate_by_far() -> None:
    random = Random(4)
    rates = learn_rates([_realistic(random) for _ in range(2000)])
    learned, flat = [], []
    for _ in range(2000):
        met = _realistic(random)
        on_net = is_on_net(met.other_party)
        rate = rates.find(met.direction, met.other_party)
        assert rate is not None
        learned.append(abs(estimate_nanos(met.talk_time, rate, on_net) - met.cost_nanos))
        flat.append(abs(estimate_nanos(met.talk_time, FLAT, on_net) - met.cost_nanos))
    assert sum(flat) > 10 * sum(learned)
    assert sorted(flat)[1900] > 5 * sorted(learned)[1900]


_DESTINATIONS = {
    "+1202555": (50, "0.005"),
    "+1415555": (20, "0.005"),
    "+44207946": (8, "0.009"),
    "+447700900": (5, "0.03"),
    "+4930": (6, "0.011"),
    "+49172": (4, "0.065"),
    "+612": (4, "0.015"),
    "sip:": (3, "0"),
}


def _realistic(random: Random) -> ExactCall:
    """The trunk by destination, call control on top, every third call recorded or asked for a machine."""
    shares = [share for share, _ in _DESTINATIONS.values()]
    [(prefix, (_, trunk))] = random.choices(list(_DESTINATIONS.items()), shares)
    on_net = prefix == "sip:"
    other_party = f"sip:{random.randrange(99)}@example.test" if on_net else _number(prefix, random)
    direction = random.choice(("inbound", "outbound"))
    talk_time = timedelta(seconds=random.lognormvariate(4.6, 1))
    per_minute = nanos("0.0035" if direction == "inbound" and not on_net else trunk) + nanos("0.002")
    cost = per_minute * billed_s(talk_time, on_net) // 60
    if random.random() < 0.3:
        cost += nanos("0.002") * billed_s(talk_time, is_on_net=False) // 60
    if direction == "outbound" and random.random() < 0.3:
        cost += nanos("0.002")
    return ExactCall(direction=direction, other_party=other_party, talk_time=talk_time, cost_nanos=cost)


def _number(prefix: str, random: Random) -> str:
    return prefix + "".join(random.choice("0123456789") for _ in range(12 - len(prefix)))


class TestFirstEstimate:
    """A learned rate has its say when a leg is estimated for the first time, and never else."""

    LEARNED = replace(RULES, rates=LearnedRates({("outbound", ""): nanos("0.007")}))

    def test_it_goes_before_the_settings(self) -> None:
        derived = book(*answered_call(CUSTOMER), rules=self.LEARNED)
        charge = charge_in(derived, CUSTOMER)
        assert (charge.cost_nanos, charge.source) == (nanos("0.021"), "learned")
        [rate] = derived.first_rates
        assert (rate.nanos_per_minute, rate.source) == (nanos("0.007"), "learned")

    def test_once_fixed_nothing_that_is_learned_matters(self) -> None:
        [flat] = book(*answered_call(CUSTOMER)).first_rates
        derived = book(*answered_call(CUSTOMER), flat, rules=self.LEARNED)
        assert (cost_in(derived, CUSTOMER), charge_in(derived, CUSTOMER).source) == (
            nanos("0.045"),
            "fallback",
        )

    def test_before_the_hang_up_nothing_follows_from_it(self) -> None:
        derived = book(answered(CUSTOMER), rules=self.LEARNED)
        assert derived == book(answered(CUSTOMER))

    def test_an_unanswered_call_is_estimated_at_0_all_the_same(self) -> None:
        assert cost_in(book(*unanswered_call(CUSTOMER), rules=self.LEARNED), CUSTOMER) == 0

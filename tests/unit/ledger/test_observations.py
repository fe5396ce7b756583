"""Rule a: which observation of a record counts, and for how much."""

import hashlib
from dataclasses import replace

import msgspec
import pytest

from services.ledger.facts import parsed_record, winning_records
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.unit.ledger.books import Fact, book, charge_in, cost_in, facts, leg_in, open_in
from tests.unit.ledger.builders import (
    CUSTOMER,
    amd,
    answered_call,
    call_control,
    nanos,
    row,
    sip_trunking,
    uid,
)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_latest_observation_counts_whatever_came_last(is_reversed: bool) -> None:
    old, new = sip_trunking(CUSTOMER, "0.0150", seen=200), sip_trunking(CUSTOMER, "0.0100", seen=900)
    seen = (new, old) if is_reversed else (old, new)
    derived = book(*answered_call(CUSTOMER), *seen, call_control(CUSTOMER))
    assert cost_in(derived, CUSTOMER) == nanos("0.0100") + nanos("0.0060")
    assert len(charge_in(derived, CUSTOMER).parts) == 2


def test_of_two_read_at_the_same_moment_the_greater_digest_counts() -> None:
    rivals = [sip_trunking(CUSTOMER, cost) for cost in ("0.0150", "0.0100", "0.0149", "0.0151")]

    def digest(record: DetailRecord) -> bytes:
        return hashlib.sha256(msgspec.msgpack.encode(parsed_record(record))).digest()

    for order in (rivals, rivals[::-1], rivals[2:] + rivals[:2]):
        assert winning_records(tuple(order)) == [max(rivals, key=digest)]


def test_the_raw_text_is_no_part_of_what_is_compared() -> None:
    seen = sip_trunking(CUSTOMER)
    spaced = replace(seen, raw=seen.raw.replace(b", ", b",  "), observed_at=seen.observed_at)
    assert parsed_record(seen) == parsed_record(spaced)
    assert parsed_record(seen) == parsed_record(replace(seen, observed_at=seen.observed_at.replace(hour=23)))


def test_one_id_under_two_types_is_two_records() -> None:
    same = uid("one id for both")
    derived = book(sip_trunking(CUSTOMER, id=same), amd(CUSTOMER, id=same))
    assert set(derived.homes) == {("sip-trunking", same), ("amd", same)}
    assert sum(charge.cost_nanos for charge in derived.charges) == nanos("0.0170")


@pytest.mark.parametrize("alias", ["stt", "speech-to-text"])
def test_aliases_collapse_to_one_record(alias: str) -> None:
    fields = {"call_leg_id": CUSTOMER.call_leg_id, "call_session_id": CUSTOMER.call_session_id}
    billed = {**fields, "cost": "0.0450", "billed_sec": 180, "start_time": "2026-11-21T10:00:05Z"}
    under_alias = row(alias, {**billed, "id": uid("stt 1")}, "stt 1", seen=300)
    derived = book(row("stt", {**billed, "id": uid("stt 1")}, "stt 1"), under_alias)
    assert list(derived.homes) == [("stt", uid("stt 1"))]
    assert cost_in(derived, CUSTOMER.call_leg_id) == nanos("0.0450")


def test_what_is_not_billable_counts_0_and_is_shown() -> None:
    derived = book(
        *answered_call(CUSTOMER), sip_trunking(CUSTOMER, is_telnyx_billable=False), call_control(CUSTOMER)
    )
    assert cost_in(derived, CUSTOMER) == nanos("0.0060")
    lines = {part.record_type: part.cost_nanos for part in charge_in(derived, CUSTOMER).parts}
    assert lines == {"sip-trunking": 0, "call-control": nanos("0.0060")}
    assert charge_in(derived, CUSTOMER).can_settle


def test_a_record_that_turns_out_not_billable_is_taken_back() -> None:
    billed: list[Fact] = [*answered_call(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER)]
    corrected = sip_trunking(CUSTOMER, is_telnyx_billable=False, seen=7200)
    assert cost_in(book(*billed), CUSTOMER) == nanos("0.0210")
    assert cost_in(book(*billed, corrected), CUSTOMER) == nanos("0.0060")


def test_a_record_may_move_to_another_leg_when_it_is_corrected() -> None:
    """It ends in one charge only: where the observation that counts says."""
    first = sip_trunking(CUSTOMER, name="moving")
    moved = sip_trunking(CUSTOMER, name="moving", call_control_id="v3:another-leg-altogether", seen=900)
    derived = book(*answered_call(CUSTOMER), call_control(CUSTOMER), first, moved)
    assert "sip-trunking" in leg_in(derived, CUSTOMER).missing
    assert cost_in(derived, "v3:another-leg-altogether") == nanos("0.0150")
    assert derived.homes[("sip-trunking", first.record_id)] == ("call", "v3:another-leg-altogether")


def test_scientific_notation_is_exact() -> None:
    derived = book(amd(CUSTOMER, "1.666E-4", rate="7.0E-7"))
    assert cost_in(derived, CUSTOMER.call_leg_id) == 166_600


def test_repeating_an_observation_changes_nothing() -> None:
    items: list[Fact] = [*answered_call(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER)]
    assert book(*items, *items) == book(*items)
    assert open_in(book(*items, *items), CUSTOMER) is None


def test_records_come_out_in_the_order_of_their_keys() -> None:
    trunk, control = sip_trunking(CUSTOMER), call_control(CUSTOMER)
    assert winning_records(facts(trunk, control).records) == [control, trunk]

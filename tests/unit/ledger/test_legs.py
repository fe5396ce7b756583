"""Rule b: which facts make a leg, what it is called, and whose session it is."""

from typing import Any

import pytest

from services.ledger.legs import LegFacts
from services.ledger.sessions import group_sessions
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.unit.ledger.books import Fact, book, cost_in, leg_in, orders, total
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    OTHER_SESSION,
    SESSION,
    TWIN,
    amd,
    answered,
    answered_call,
    call_control,
    call_event,
    initiated,
    leg,
    nanos,
    recording,
    row,
    sip_trunking,
    uid,
    webhook,
)

NO_SESSION: dict[str, Any] = {"telnyx_session_id": None}
NO_IDS: dict[str, Any] = {"call_control_id": None, "sip_call_id": None}
ONLY_SIP: dict[str, Any] = {"call_control_id": None}


def legs_of(*items: Fact) -> list[LegFacts]:
    events = [item for item in items if isinstance(item, WebhookEvent)]
    records = [item for item in items if isinstance(item, DetailRecord)]
    return [found for session in group_sessions(events, records) for found in session.legs]


def test_an_event_connects_the_two_id_systems() -> None:
    [found] = legs_of(sip_trunking(CUSTOMER), call_control(CUSTOMER), amd(CUSTOMER), initiated(CUSTOMER))
    assert (found.call_control_id, found.leg_id) == (CUSTOMER.call_control_id, CUSTOMER.call_leg_id)
    assert found.ids == {CUSTOMER.call_control_id, CUSTOMER.call_leg_id}
    assert {record.record_type for record in found.records} == {"sip-trunking", "call-control", "amd"}


def test_a_record_that_names_both_ids_connects_them_too() -> None:
    fields = {
        "call_control_id": CUSTOMER.call_control_id,
        "telnyx_leg_id": CUSTOMER.call_leg_id,
        "telnyx_session_id": SESSION,
        "cost": "0.1500",
        "created_at": "2026-11-21T10:00:05Z",
    }
    assistant = row("ai-voice-assistant", fields, "assistant")
    assert len(legs_of(sip_trunking(CUSTOMER), call_control(CUSTOMER), assistant)) == 1


def test_without_such_a_fact_they_stay_two_legs() -> None:
    assert len(legs_of(sip_trunking(CUSTOMER), call_control(CUSTOMER))) == 2


def test_connection_is_transitive() -> None:
    """Two ids of one system, each seen with the same id of the other, are one leg: it has the earlier one's name."""
    early = call_event(CUSTOMER, "call.initiated", 0)
    late = call_event(CUSTOMER, "call.answered", 5, call_control_id="v2:moved-by-a-transfer")
    for order in orders(early, late, sip_trunking(CUSTOMER), call_control(CUSTOMER)):
        [found] = legs_of(*order)
        assert found.call_id == CUSTOMER.call_control_id
        assert "v2:moved-by-a-transfer" in found.ids


def test_legs_that_are_joined_late_become_one_charge() -> None:
    apart = book(sip_trunking(CUSTOMER), call_control(CUSTOMER))
    assert {charge.record_id for charge in apart.charges} == {CUSTOMER.call_control_id, CUSTOMER.call_leg_id}
    joined = book(sip_trunking(CUSTOMER), call_control(CUSTOMER), answered(CUSTOMER))
    assert [charge.record_id for charge in joined.charges] == [CUSTOMER.call_control_id]
    assert total(joined) == total(apart) == nanos("0.0210")
    assert joined.home_of("call", CUSTOMER.call_leg_id, ()) == CUSTOMER.call_control_id


class TestHeirs:
    """Where the money of a leg is that is no longer derived under its name."""

    TRUNK = sip_trunking(CUSTOMER)
    LEGS = book(sip_trunking(AGENT), TRUNK, sip_trunking(CUSTOMER, name="second"))

    def test_a_leg_that_was_named_by_a_sip_call_id_is_where_its_records_are(self) -> None:
        former = [("sip-trunking", self.TRUNK.record_id)]
        assert self.LEGS.home_of("call", CUSTOMER.sip_call_id, former) == CUSTOMER.call_control_id

    def test_of_several_heirs_the_one_with_the_most_records_counts(self) -> None:
        former = list(self.LEGS.homes)
        assert self.LEGS.home_of("call", "unknown", former) == CUSTOMER.call_control_id
        two = [key for key in former if key[1] != self.TRUNK.record_id]
        smaller = min(AGENT.call_control_id, CUSTOMER.call_control_id)
        assert self.LEGS.home_of("call", "unknown", two) == smaller

    @pytest.mark.parametrize("name", [f"leg:{CUSTOMER.call_leg_id}", f"call:{CUSTOMER.call_control_id}"])
    def test_a_name_that_told_two_apart_is_an_id_all_the_same(self, name: str) -> None:
        assert book(answered(CUSTOMER)).home_of("call", name, ()) == CUSTOMER.call_control_id

    def test_without_a_record_that_was_there_nobody_knows(self) -> None:
        assert self.LEGS.home_of("call", "unknown", ()) == ""
        assert self.LEGS.home_of("call", "unknown", [("sip-trunking", "gone")]) == ""


def test_the_two_id_systems_never_match_each_other() -> None:
    """The decoy that the first implementation fell for: a call_control_id looked up as a call_leg_id."""
    fields = {
        "call_leg_id": CUSTOMER.call_control_id,
        "call_session_id": OTHER_SESSION,
        "cost": "0.0999",
        "billed_sec": 60,
        "joined_at": "2026-11-21T10:00:05Z",
    }
    decoy = row("conference-participant", fields, "decoy")
    derived = book(*answered_call(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER), decoy)
    assert cost_in(derived, CUSTOMER) == nanos("0.0210")
    assert cost_in(derived, f"leg:{CUSTOMER.call_control_id}") == nanos("0.0999")


def test_record_ids_are_no_leg_ids() -> None:
    derived = book(
        *answered_call(CUSTOMER),
        sip_trunking(CUSTOMER, id=CUSTOMER.call_leg_id),
        call_control(CUSTOMER, id=AGENT.call_leg_id),
        call_control(AGENT, id=CUSTOMER.call_leg_id),
        amd(AGENT, id=SESSION),
    )
    assert cost_in(derived, CUSTOMER) == nanos("0.0210")
    assert cost_in(derived, AGENT.call_leg_id) == nanos("0.0080")


def test_a_sip_call_id_joins_records_without_any_leg_id() -> None:
    first = sip_trunking(CUSTOMER, **ONLY_SIP)
    twin = sip_trunking(CUSTOMER, "0", 0, name="zero twin", **ONLY_SIP)
    [found] = legs_of(first, twin)
    assert found.call_id == CUSTOMER.sip_call_id
    assert len(found.records) == 2


def test_a_sip_call_id_joins_no_record_that_has_a_leg_id() -> None:
    """Both legs of a bridge can carry the same SIP Call-ID."""
    shared: dict[str, Any] = {"sip_call_id": "shared@sip.example.test"}
    assert len(legs_of(sip_trunking(CUSTOMER, **shared), sip_trunking(AGENT, **shared))) == 2
    nameless = sip_trunking(TWIN, call_control_id=None, **shared)
    assert len(legs_of(sip_trunking(CUSTOMER, **shared), sip_trunking(AGENT, **shared), nameless)) == 3


def test_a_sip_call_id_joins_nothing_across_sessions() -> None:
    mine = sip_trunking(CUSTOMER, name="mine", **ONLY_SIP)
    yours = sip_trunking(CUSTOMER, name="yours", start=60, **ONLY_SIP, telnyx_session_id=OTHER_SESSION)
    for order in orders(mine, yours):
        found = legs_of(*order)
        assert {leg.session_id: leg.call_id for leg in found} == {
            SESSION: CUSTOMER.sip_call_id,
            OTHER_SESSION: f"{CUSTOMER.sip_call_id}@{OTHER_SESSION}",
        }


def test_a_leg_is_called_by_the_best_id_it_has() -> None:
    both: list[Fact] = [sip_trunking(CUSTOMER), call_control(CUSTOMER), initiated(CUSTOMER)]
    assert [found.call_id for found in legs_of(*both)] == [CUSTOMER.call_control_id]
    assert [found.call_id for found in legs_of(call_control(CUSTOMER))] == [CUSTOMER.call_leg_id]
    assert [found.call_id for found in legs_of(sip_trunking(CUSTOMER, **ONLY_SIP))] == [CUSTOMER.sip_call_id]
    nameless = sip_trunking(CUSTOMER, **NO_IDS)
    assert [found.call_id for found in legs_of(nameless)] == [nameless.record_id]


def test_records_of_the_call_without_any_id_are_legs_of_their_own() -> None:
    one, two = sip_trunking(CUSTOMER, name="one", **NO_IDS), sip_trunking(CUSTOMER, name="two", **NO_IDS)
    assert {found.call_id for found in legs_of(one, two)} == {one.record_id, two.record_id}


def test_no_two_legs_have_the_same_name() -> None:
    """Who has the id as its call_control_id keeps it; then leg id, SIP Call-ID, record id."""
    name = uid("one name for all")
    named = leg("named")
    by_control = call_event(named, "call.initiated", 50, call_control_id=name)
    by_leg_id = call_control(CUSTOMER, telnyx_leg_id=name, start=3)
    by_sip = sip_trunking(CUSTOMER, name="by sip", sip_call_id=name, start=2, **ONLY_SIP)
    by_record = sip_trunking(CUSTOMER, id=name, start=1, **NO_IDS)
    items: list[Fact] = [by_control, by_leg_id, by_sip, by_record]
    for order in orders(*items):
        names = {found.call_id for found in legs_of(*order)}
        assert names == {name, f"leg:{name}", f"{name}@{SESSION}", f"sip-trunking:{name}"}
    charges = book(*items).charges
    assert len({charge.key for charge in charges}) == len(charges) == 3
    assert book(*items).homes[("sip-trunking", name)] == ("call", f"sip-trunking:{name}")


def test_without_a_call_control_id_the_leg_id_has_the_name_then_the_sip_call_id() -> None:
    name = uid("one name for all")
    by_leg_id = call_control(CUSTOMER, telnyx_leg_id=name, start=3)
    by_sip = sip_trunking(CUSTOMER, name="by sip", sip_call_id=name, start=2, **ONLY_SIP)
    by_record = sip_trunking(CUSTOMER, id=name, start=1, **NO_IDS)
    for rivals in ((by_leg_id, by_sip), (by_leg_id, by_record), (by_sip, by_record)):
        [holder] = [found for found in legs_of(*rivals) if found.call_id == name]
        assert holder.records == (rivals[0],)


def test_a_legs_session_is_that_of_its_earliest_fact() -> None:
    first = initiated(CUSTOMER, 0)
    transferred = answered(CUSTOMER, 5, call_session_id=OTHER_SESSION)
    for order in orders(first, transferred, sip_trunking(CUSTOMER, start=4)):
        assert [found.session_id for found in legs_of(*order)] == [SESSION]
    earlier = sip_trunking(CUSTOMER, start=-1, telnyx_session_id=OTHER_SESSION)
    assert [found.session_id for found in legs_of(first, earlier)] == [OTHER_SESSION]


def test_a_leg_that_names_two_sessions_does_not_merge_them() -> None:
    """What names only the other session finds no leg there."""
    straddling: list[Fact] = [initiated(CUSTOMER, 0), answered(CUSTOMER, 5, call_session_id=OTHER_SESSION)]
    mine, yours = recording(SESSION), recording(OTHER_SESSION, "0.0020", 60)
    derived = book(*straddling, sip_trunking(CUSTOMER), call_control(CUSTOMER), mine, yours)
    assert derived.homes[("recording", mine.record_id)] == ("call", CUSTOMER.call_control_id)
    assert derived.homes[("recording", yours.record_id)] == ("other", f"recording:{yours.record_id}")
    assert total(derived) == nanos("0.0290")


def test_facts_without_a_session_share_none() -> None:
    """A leg without a session is no home for what happens to have none either."""
    trunk, control = sip_trunking(CUSTOMER, **NO_SESSION), call_control(AGENT, **NO_SESSION)
    stray = recording(telnyx_session_id=None)
    inference = row("inference", {"cost": "0.0009", "created_at": "2026-11-21T10:00:05Z"}, "inference")
    derived = book(trunk, control, stray, inference)
    assert cost_in(derived, CUSTOMER) == nanos("0.0150")
    assert cost_in(derived, AGENT.call_leg_id) == nanos("0.0060")
    assert cost_in(derived, f"recording:{stray.record_id}", "other") == nanos("0.0060")
    assert cost_in(derived, f"inference:{inference.record_id}", "other") == nanos("0.0009")


def test_each_session_is_known_by_its_id_and_what_names_none_by_an_empty_one() -> None:
    named, nameless = sip_trunking(CUSTOMER), sip_trunking(AGENT, **NO_SESSION)
    loose = recording(telnyx_session_id=None)
    found = group_sessions([], [named, nameless, loose, recording(OTHER_SESSION)])
    ids = [(session.session_id, len(session.legs), len(session.loose_records)) for session in found]
    assert sorted(ids) == sorted([(SESSION, 1, 0), ("", 1, 0), ("", 0, 1), (OTHER_SESSION, 0, 1)])


def test_a_webhook_without_leg_ids_makes_no_leg() -> None:
    lone = webhook("call.hangup", {"call_session_id": SESSION, "hangup_cause": "normal_clearing"}, 100)
    derived = book(lone, webhook("some.new.event", {}, 5))
    assert (derived.legs, derived.charges, derived.open_items) == ((), (), ())


def test_announced_and_silent_legs_are_told_apart() -> None:
    by_id = {found.call_id: found.is_announced for found in legs_of(initiated(CUSTOMER), sip_trunking(TWIN))}
    assert by_id == {CUSTOMER.call_control_id: True, TWIN.call_control_id: False}
    assert leg_in(book(initiated(CUSTOMER)), CUSTOMER).charges == ()

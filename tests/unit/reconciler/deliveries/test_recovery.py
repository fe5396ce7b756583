"""Webhooks that were not delivered, booked after all."""

from datetime import datetime, timedelta

import pytest

from services.common.errors import TelnyxRefused, TelnyxUnreachable
from services.reconciler.deliveries.recovery import Recovered, Recovery
from services.reconciler.deliveries.watch import EVERY, FIRST, MOST, OVERLAP, DeliveryWatch, due_window
from services.reconciler.windows import Window
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.clocks import ManualClock
from tests.unit.reconciler.deliveries.backends import FakeBackends
from tests.unit.reconciler.moments import NOON, window


def _event(event_id: str, event_type: str = "call.hangup") -> WebhookEvent:
    return WebhookEvent(event_id=event_id, event_type=event_type, occurred_at=NOON, received_at=NOON)


async def test_events_are_booked_once_however_often_they_are_recovered() -> None:
    backends = FakeBackends([_event(f"event-{n}") for n in range(1_201)] + [_event("bad", "unreadable")])
    recovery = Recovery(backends, backends)
    assert await recovery.recover(window(-60, 0)) == Recovered(1_202, 1_202, 1)
    assert backends.batches == [500, 500, 202]
    assert await recovery.recover(window(-60, 0)) == Recovered(1_202, 0, 1)
    assert "bad" in backends.booked


async def test_a_book_that_was_restored_gets_what_was_delivered_too() -> None:
    backends = FakeBackends([_event("failed")], [_event("delivered"), _event("known")])
    backends.booked["known"] = _event("known")
    recovery = Recovery(backends, backends)
    assert await recovery.recover(window(-60, 0)) == Recovered(1, 1, 0)
    assert await recovery.recover(window(-60, 0), include_delivered=True) == Recovered(3, 1, 0)


async def test_a_list_without_an_end_is_not_whole() -> None:
    backends = FakeBackends([_event("one")], ends_early=True)
    with pytest.raises(TelnyxUnreachable):
        await Recovery(backends, backends).recover(window(-60, 0))


@pytest.mark.parametrize(
    ("asked_h", "sign_h", "from_h"),
    [(None, None, -24), (None, -3, -4), (None, -900, -720), (-0.5, -3, None), (-1, -3, -1), (-5, None, -5)],
)
def test_what_is_due(asked_h: float | None, sign_h: float | None, from_h: float | None) -> None:
    def moment(hours: float | None) -> datetime | None:
        return None if hours is None else NOON + timedelta(hours=hours)

    due = due_window(moment(asked_h), moment(sign_h), NOON)
    if from_h is None:
        assert due is None
        return
    since = max(NOON - MOST, NOON + timedelta(hours=from_h) - OVERLAP)
    assert due == Window(since, NOON)


async def test_after_a_start_all_is_asked_for_since_tollbook_was_last_alive_then_each_hour() -> None:
    clock = ManualClock(NOON)
    backends = FakeBackends([_event("one")], swept_at=NOON - timedelta(days=3))
    watch = DeliveryWatch(Recovery(backends, backends), backends, backends, clock)
    wait_s = await watch.tick()
    assert backends.asked == [Window(NOON - timedelta(days=3) - EVERY - OVERLAP, NOON)]
    assert list(backends.booked) == ["one"]
    clock.advance(wait_s)
    await watch.tick()
    assert backends.asked[1:] == [Window(NOON - OVERLAP, NOON + EVERY)]


async def test_the_first_sweep_of_this_process_hides_no_stop() -> None:
    clock = ManualClock(NOON)
    backends = FakeBackends(swept_at=NOON - timedelta(days=3), leads=False)
    watch = DeliveryWatch(Recovery(backends, backends), backends, backends, clock)
    await watch.tick()
    assert backends.asked == []
    backends.swept_at, backends.leads = NOON, True
    await watch.tick()
    assert backends.asked[0].start_at < NOON - timedelta(days=3)


async def test_what_failed_is_asked_for_again_an_hour_later() -> None:
    clock = ManualClock(NOON)
    backends = FakeBackends(fault=TelnyxRefused("not for this key"))
    watch = DeliveryWatch(Recovery(backends, backends), backends, backends, clock)
    clock.advance(await watch.tick())
    backends.fault = None
    await watch.tick()
    assert backends.asked == [
        Window(NOON - FIRST - OVERLAP, NOON),
        Window(NOON - FIRST - OVERLAP, NOON + EVERY),
    ]

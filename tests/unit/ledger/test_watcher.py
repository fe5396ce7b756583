"""What one watcher holds until it is taken."""

from dataclasses import dataclass

import pytest

from services.common.errors import Unavailable
from services.ledger import watcher as room
from services.ledger.watcher import Changes, Watcher


@dataclass(frozen=True)
class Row:
    """What the watcher knows of a row of telnyx_billing."""

    id: int
    cost_nanos: int = 0


@pytest.fixture
def watcher() -> Watcher:
    begun = Watcher()
    begun.publish([Row(100)], 10)
    return begun


async def test_what_was_published_before_it_began_is_not_told() -> None:
    watcher = Watcher()
    watcher.publish([Row(100)], 10)
    await watcher.wait_for_begin()
    assert watcher.told_id == 10
    watcher.publish([Row(1)], 11)
    assert await watcher.take() == Changes((Row(1),), "11")


async def test_a_charge_that_changed_twice_is_told_once_as_it_is_now(watcher: Watcher) -> None:
    watcher.publish([Row(1, 15), Row(2)], 12)
    watcher.publish([Row(1, 7)], 13)
    assert await watcher.take() == Changes((Row(1, 7), Row(2)), "13")


async def test_the_position_moves_only_once_everything_before_it_is_told(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MAX_CHARGES", 2)
    watcher.publish([Row(number) for number in range(5)], 15)
    assert await watcher.take() == Changes((Row(0), Row(1)), "10")
    assert await watcher.take() == Changes((Row(2), Row(3)), "10")
    assert await watcher.take() == Changes((Row(4),), "15")


async def test_the_position_moves_on_also_where_nothing_changed(watcher: Watcher) -> None:
    watcher.publish([], 20)
    watcher.publish([Row(1)], 20)
    assert await watcher.take() == Changes((Row(1),), "20")


async def test_a_position_never_moves_back(watcher: Watcher) -> None:
    watcher.told_id = 30
    watcher.publish([Row(1)], 20)
    assert (await watcher.take()).position == "30"


async def test_who_is_too_far_behind_is_ended_and_holds_nothing(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MAX_WAITING", 3)
    watcher.publish([Row(1), Row(2)], 12)
    watcher.publish([Row(2), Row(3)], 14)
    watcher.publish([Row(4)], 15)
    watcher.publish([Row(5)], 16)
    with pytest.raises(Unavailable, match="more than 3 charges"):
        await watcher.take()
    assert not watcher._waiting


async def test_the_first_reason_to_end_counts(watcher: Watcher) -> None:
    watcher.end(Unavailable("first"))
    watcher.end(Unavailable("second"))
    with pytest.raises(Unavailable, match="first"):
        await watcher.take()


async def test_what_ends_before_it_begins_says_why() -> None:
    watcher = Watcher()
    watcher.end(Unavailable("away"))
    with pytest.raises(Unavailable, match="away"):
        await watcher.wait_for_begin()

"""A book that a backfill has filled says the same as one that was fed live: over real gRPC, from the sandbox."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.common.times import utc_day
from services.reconciler.backfill.plan import REPORT_TYPES, Method
from services.reconciler.coverage import VISIBLE_AFTER
from services.reconciler.windows import Window
from tests.integration.reconciler.histories import History, open_account, open_history
from tests.sandbox.server import Sandbox
from tests.sandbox.settings import changed
from tests.support.ledger_contents import Contents, differences

_DAY_S = 86_400
_OLD_KINDS = (
    "pstn-outbound",
    "no-answer",
    "rejected",
    "inbound",
    "webrtc",
    "sip-only",
    "sms-outbound",
    "sms-inbound",
)
"""Kinds whose records are all of types that batch reports tell of."""


def _live_through(sandbox: Sandbox, *, days: int) -> None:
    """A past of so many days, with a little of everything in the last weeks."""
    for day in range(1, days):
        kinds = ("mixed",) if day < 28 else (_OLD_KINDS[day % len(_OLD_KINDS)], _OLD_KINDS[day % 3])
        for hour, kind in enumerate(kinds):
            sandbox.core.create(
                kind, 3, ended_ago_s=day * _DAY_S + hour * 3_600, deliver=False, visible_at_once=True
            )


def _misbehave(sandbox: Sandbox, **faults: object) -> None:
    account = sandbox.core.account
    account.faults = changed(account.faults, faults)


def _same(one: Contents, other: Contents) -> list[str]:
    """What differs but for the sweeps themselves, which are different readings."""
    return differences(replace(one, sweeps={}), replace(other, sweeps={}))


def _past(days: int) -> Window:
    now = datetime.now(UTC)
    return Window(
        now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days), now - VISIBLE_AFTER
    )


async def _filled(history: History, window: Window, method: Method = "auto") -> tuple[str, ...]:
    last = await history.fill(utc_day(window.start_at), utc_day(window.end_at) + timedelta(days=1), method)
    assert last.done_units == last.total_units
    return last.troubles


@pytest.mark.parametrize("method", ["auto", "windows"])
async def test_the_same_charges_parts_and_sums(tmp_path: Path, method: Method) -> None:
    window = _past(50 if method == "auto" else 25)
    async with (
        open_account() as (sandbox, to_telnyx),
        open_history(tmp_path / "live", to_telnyx) as live,
        open_history(tmp_path / "filled", to_telnyx) as filled,
    ):
        _live_through(sandbox, days=48 if method == "auto" else 24)
        await live.sweep(window)
        _misbehave(sandbox, retention_days=32)
        troubles = await _filled(filled, window, method)
        assert all("Telnyx makes no batch reports" in trouble for trouble in troubles)
        assert _same(filled.contents(), live.contents()) == []
        assert len(filled.contents().charges) > 60
        assert filled.settled() == live.settled()
        assert all(filled.settled().values())
        again = await filled.fill(utc_day(window.start_at), utc_day(window.end_at), method)
        assert (again.skipped_units, again.record_count) == (again.total_units, 0)


async def test_rows_without_ids_cost_the_same_and_are_booked_once(tmp_path: Path) -> None:
    window = _past(50)
    async with (
        open_account() as (sandbox, to_telnyx),
        open_history(tmp_path / "live", to_telnyx) as live,
        open_history(tmp_path / "filled", to_telnyx) as filled,
    ):
        for day in range(33, 48):
            kind = _OLD_KINDS[day % len(_OLD_KINDS)]
            sandbox.core.create(kind, 2, ended_ago_s=day * _DAY_S, deliver=False, visible_at_once=True)
        await live.sweep(window, REPORT_TYPES)
        _misbehave(sandbox, report_form="portal")
        await _filled(filled, window)
        assert filled.contents().record_sums == live.contents().record_sums
        # The API tells of these days after all: the same money, under other ids.
        await filled.sweep(window, REPORT_TYPES)
        assert filled.contents().record_sums == live.contents().record_sums

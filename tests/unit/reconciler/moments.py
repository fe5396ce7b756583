"""Moments, windows and items for the reconciler's tests."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from services.reconciler.items import ItemKind, OpenItem
from services.reconciler.windows import Window

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """So many seconds after noon; before it where negative."""
    return NOON + timedelta(seconds=seconds)


def window(start_s: float, end_s: float) -> Window:
    """A window in seconds from noon."""
    return Window(after(start_s), after(end_s))


def item(
    record_id: str,
    *missing: str,
    start_s: float = -60,
    end_s: float = 0,
    session_id: str = "",
    kind: ItemKind = "call",
    settled: bool = False,
    unclosed: tuple[str, ...] = (),
    unreadable: tuple[str, ...] = (),
) -> OpenItem:
    """An item that ended at noon, unless told otherwise."""
    return OpenItem(
        kind=kind,
        record_id=record_id,
        session_id=session_id or (f"session-of-{record_id}" if kind == "call" else ""),
        start_at=after(start_s),
        end_at=after(end_s),
        opened_at=after(end_s),
        changed_at=after(end_s),
        missing=missing,
        settled=settled,
        unclosed=unclosed,
        unreadable=unreadable,
    )


_WEEK_S = 7 * 86_400

windows = st.builds(
    lambda start_s, length_s: window(start_s, start_s + length_s),
    st.integers(-_WEEK_S, _WEEK_S),
    st.integers(0, 2 * 86_400),
)
densities = st.floats(min_value=1e-5, max_value=5.0)

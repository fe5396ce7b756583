"""What an export is called."""

from datetime import UTC, datetime

import pytest

from gateway.csv_export import file_name

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("from_at", "to_at", "name"),
    [
        (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), "2026-11-01-to-2026-11-30"),
        (
            datetime(2026, 11, 1, 8, tzinfo=UTC),
            datetime(2026, 11, 2, 8, tzinfo=UTC),
            "2026-11-01-to-2026-11-02",
        ),
        (datetime(2026, 10, 23, tzinfo=UTC), None, "2026-10-23-to-2026-11-22"),
        (None, datetime(2026, 11, 2, tzinfo=UTC), "to-2026-11-01"),
    ],
)
def test_the_file_is_named_after_its_days(
    from_at: datetime | None, to_at: datetime | None, name: str
) -> None:
    assert file_name(from_at, to_at, NOW) == f"tollbook-records-{name}.csv"

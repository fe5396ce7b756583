"""Where a test can end, freeze or delay the reconciler: between any two steps (services/common/failpoints.py)."""

from typing import Final

from services.common.failpoints import Failpoint

MIGRATED: Final = Failpoint("reconciler.start.migrated")
"""The tables are up to date; nothing else has begun."""

WORK_LISTED: Final = Failpoint("reconciler.work.listed")
"""The ledger has told what is open; no job was made of it."""
WORK_MERGED: Final = Failpoint("reconciler.work.merged")
"""Jobs are made of some of what is open; other pages are to come."""
WORK_COMPLETED: Final = Failpoint("reconciler.work.completed")
"""Jobs whose calls have settled meanwhile are completed."""

JOBS_CLAIMED: Final = Failpoint("reconciler.jobs.claimed")
"""Jobs are leased; nothing is asked for them."""
JOBS_JUDGED: Final = Failpoint("reconciler.jobs.judged")
"""The attempt has ended; the jobs do not know."""
JOBS_WRITTEN: Final = Failpoint("reconciler.jobs.written")
"""Inside the transaction: the outcome of an attempt is written, and not committed."""
JOBS_FINISHED: Final = Failpoint("reconciler.jobs.finished")
"""The outcome of an attempt is committed."""
FETCH_ENDED: Final = Failpoint("reconciler.fetch.ended")
"""What a person asked for is read and booked; neither job nor person was told."""

PAGE_READ: Final = Failpoint("reconciler.page.read")
"""A page of detail records is here, and not in the book."""
PAGE_BOOKED: Final = Failpoint("reconciler.page.booked")
"""A page is in the book; others, or the word that there is none, are to come."""
WINDOW_READ: Final = Failpoint("reconciler.window.read")
"""A window is read or counted to its end; that it was is not in the book."""
SWEEP_RECORDED: Final = Failpoint("reconciler.sweep.recorded")
"""That a window was read is in the book; this process has not learned from it."""
CLOSING_CONFIRMED: Final = Failpoint("reconciler.closing.confirmed")
"""What can be closed was asked again, and is about to be read."""

DAY_COUNTED: Final = Failpoint("reconciler.day.counted")
"""A day was held against Telnyx's count; neither its cost nor that it was is in the book."""
DAY_COMPARED: Final = Failpoint("reconciler.day.compared")
"""A day's records and cost are as Telnyx has them; that it is closed is not in the book."""
DAY_CLOSED: Final = Failpoint("reconciler.day.closed")
"""A day is closed in the book."""

USAGE_READ: Final = Failpoint("reconciler.usage.read")
"""usage_reports have answered, and the book does not know."""
USAGE_BOOKED: Final = Failpoint("reconciler.usage.booked")
"""What usage_reports said is in the book."""
BALANCE_READ: Final = Failpoint("reconciler.balance.read")
"""The balance is here, and not in the book."""
BALANCE_BOOKED: Final = Failpoint("reconciler.balance.booked")
"""The balance is in the book."""
CHARGES_READ: Final = Failpoint("reconciler.charges.read")
"""The account's charges of a day are here, and not in the book."""
CHARGES_BOOKED: Final = Failpoint("reconciler.charges.booked")
"""The account's charges of a day are in the book."""

DELIVERIES_READ: Final = Failpoint("reconciler.deliveries.read")
"""Failed deliveries are here, and not in the book."""
DELIVERIES_BOOKED: Final = Failpoint("reconciler.deliveries.booked")
"""Failed deliveries are in the book; that they are is noted nowhere."""

BACKFILL_LEASED: Final = Failpoint("reconciler.backfill.leased")
"""A backfill is leased, and has not begun."""
REPORT_ORDERED: Final = Failpoint("reconciler.report.ordered")
"""Telnyx makes a report; nothing of it is read."""
REPORT_CLAIMED: Final = Failpoint("reconciler.report.claimed")
"""The days of a report are claimed for it, and none of its rows is in the book."""
REPORT_BOOKED: Final = Failpoint("reconciler.report.booked")
"""Some rows of a report are in the book; others, or its end, are to come."""
REPORT_READ: Final = Failpoint("reconciler.report.read")
"""A report is read to its end; that it was is not in the book."""

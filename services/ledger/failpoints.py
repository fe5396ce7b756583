"""Where a test can end, freeze or delay the ledger: between any two steps (services/common/failpoints.py)."""

from typing import Final

from services.common.failpoints import Failpoint

MIGRATED: Final = Failpoint("ledger.start.migrated")
"""The tables are up to date; sweeps that a crash left half applied are not looked for yet."""
READY: Final = Failpoint("ledger.start.ready")
"""All is opened, and what was left in the intake may be booking; nobody is served yet."""

EVENTS_RECEIVED: Final = Failpoint("ledger.events.received")
"""A request has come; nothing of it is durable."""
EVENTS_ADDED: Final = Failpoint("ledger.events.added")
"""Inside the transaction: the facts are in, and nothing is derived from them."""
EVENTS_DERIVED: Final = Failpoint("ledger.events.derived")
"""Inside the transaction: entries and sums are written, and not committed."""
EVENTS_COMMITTED: Final = Failpoint("ledger.events.committed")
"""The events are in the book; nobody was told."""

INTAKE_APPENDING: Final = Failpoint("ledger.intake.appending")
"""Inside the transaction: the row of a request is written, and not committed."""
INTAKE_APPENDED: Final = Failpoint("ledger.intake.appended")
"""The request is durable in the intake; nobody was told, and it is not booked."""
INTAKE_CLAIMED: Final = Failpoint("ledger.intake.claimed")
"""Rows that an earlier process left are claimed, and not booked."""
INTAKE_BOOKED: Final = Failpoint("ledger.intake.booked")
"""What was taken in is in the book, and its rows are still in the intake."""
INTAKE_FORGETTING: Final = Failpoint("ledger.intake.forgetting")
"""Inside the transaction: rows of the intake are deleted, and that is not committed."""
INTAKE_FORGOTTEN: Final = Failpoint("ledger.intake.forgotten")
"""The rows are gone."""

OBSERVATIONS_ADDED: Final = Failpoint("ledger.observations.added")
"""Inside the transaction: the detail records are in, and nothing is derived from them."""
OBSERVATIONS_DERIVED: Final = Failpoint("ledger.observations.derived")
"""Inside the transaction: entries and sums are written, and not committed."""
OBSERVATIONS_COMMITTED: Final = Failpoint("ledger.observations.committed")
"""The records are in the book; the sweeps that they make complete, or incomplete, are not weighed again."""

SWEEP_ADDED: Final = Failpoint("ledger.sweep.added")
"""Inside the transaction: the sweep is written, and not committed."""
SWEEP_RECORDED: Final = Failpoint("ledger.sweep.recorded")
"""The sweep is in the book, and has closed nothing yet."""
SWEEP_WEIGHED: Final = Failpoint("ledger.sweep.weighed")
"""What a sweep is worth is committed; what it closes is not derived again."""
SWEEP_DERIVED: Final = Failpoint("ledger.sweep.derived")
"""A part of what it closes is derived and committed; it is not noted as applied."""
SWEEP_NOTED: Final = Failpoint("ledger.sweep.noted")
"""A sweep is applied and noted as such."""

USAGE_RECORDED: Final = Failpoint("ledger.usage.recorded")
"""What usage_reports said is in the book, and has proven nothing yet."""
BALANCE_RECORDED: Final = Failpoint("ledger.balance.recorded")
"""A balance is in the book; nobody was told."""
CHARGES_RECORDED: Final = Failpoint("ledger.charges.recorded")
"""The account's charges of a day are in the book; nobody was told."""
DAYS_CLAIMED: Final = Failpoint("ledger.days.claimed")
"""Days are claimed for a source; nobody was told."""

BLOCK_MADE: Final = Failpoint("ledger.block.made")
"""A block is computed, and not written."""
BLOCK_ADDED: Final = Failpoint("ledger.block.added")
"""Inside the transaction: the block is written, and not committed."""
BLOCK_SEALED: Final = Failpoint("ledger.block.sealed")
"""The block is in the chain."""

EVENTS_REPLAYED: Final = Failpoint("ledger.events.replayed")
"""A batch of kept events was handed to the book again."""

"""What charges_summary says of one UTC day (Telnyx facts, section 6)."""

from dataclasses import dataclass
from datetime import date, datetime

AMOUNTS = (
    *("new_monthly", "existing_monthly", "new_one_time", "credits", "ledger_adjustments", "other"),
    "grand_total",
)
"""The names of its amounts, in the order of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCharges:
    """Amounts in nanos of `currency`, signed as Telnyx writes them: what is charged is positive."""

    day: date
    read_at: datetime
    currency: str
    new_monthly_nanos: int
    existing_monthly_nanos: int
    new_one_time_nanos: int
    credits_nanos: int
    ledger_adjustments_nanos: int
    other_nanos: int
    grand_total_nanos: int

    @property
    def given_nanos(self) -> int:
        """Credits and adjustments, as they are written."""
        return self.credits_nanos + self.ledger_adjustments_nanos

    @property
    def charged_nanos(self) -> int:
        """Everything else."""
        monthly = self.new_monthly_nanos + self.existing_monthly_nanos
        return monthly + self.new_one_time_nanos + self.other_nanos

    @property
    def credit_sign(self) -> int:
        """-1 where credits and adjustments are written as charges below 0, as they are; 1 where as what is paid in.

        The grand total tells: of the two only one adds up to it. Where neither does they are as usual.
        """
        is_paid_in = self.given_nanos and self.charged_nanos - self.given_nanos == self.grand_total_nanos
        return 1 if is_paid_in else -1

    @property
    def adds_up(self) -> bool:
        """The amounts come to the grand total."""
        return self.charged_nanos - self.credit_sign * self.given_nanos == self.grand_total_nanos

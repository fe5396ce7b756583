"""What polling asks of the ledger and of telnyx-gateway. All methods raise TollbookError."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Protocol

from services.reconciler.polling.account import AccountCharges, Balance


class AccountBookPort(Protocol):
    """The book of the account as a whole."""

    async def record_balance(self, balance: Balance) -> None:
        """Keep what the balance was."""

    async def record_account_charges(self, charges: AccountCharges) -> None:
        """Keep what charges_summary said of a day."""

    async def charges_read_at(self, from_day: date, to_day: date) -> Mapping[date, datetime]:
        """Of which days (the last exclusive) charges_summary has said something, and when last."""


class AccountPort(Protocol):
    """The account at Telnyx."""

    async def balance(self, max_age: timedelta) -> Balance:
        """The balance as it is, or as it was at most that long ago."""

    async def account_charges(self, day: date) -> AccountCharges:
        """What charges_summary says of one UTC day."""

"""What a sandbox account is like, and how badly it behaves. Both can be given on the command line."""

import hashlib
from typing import Annotated, Literal

import msgspec

Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
ApiFault = Literal["500", "502-html", "slow", "429"]
ALL_API_FAULTS: tuple[ApiFault, ...] = ("500", "502-html", "slow", "429")


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bad behaviours of Telnyx, all off by default; they can be changed while the sandbox runs.

    A rate is the share (0 to 1) of webhooks, records or requests that it strikes.
    `record_delay_*_s`: how long after its end a call's records become visible.
    `record_change_rate`: records that are first shown with another amount, and corrected
    `record_change_after_s` later under the same id.
    `arrivals_per_page`: how many records that nobody could see yet become visible after each page that is read,
    so that pages shift under the reader.
    `unknown_filter`: what a filter on a field that the type lacks is answered with.
    `answers_nothing`: detail_records knows none of its filter fields any more, and answers 200 with 0 rows.
    """

    webhook_loss_rate: Rate = 0.0
    webhook_duplicate_rate: Rate = 0.0
    webhook_disorder_rate: Rate = 0.0
    record_delay_min_s: Seconds = 0.0
    record_delay_max_s: Seconds = 0.0
    record_change_rate: Rate = 0.0
    record_change_after_s: Seconds = 5.0
    arrivals_per_page: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0
    api_fault_rate: Rate = 0.0
    api_fault_kinds: tuple[ApiFault, ...] = ALL_API_FAULTS
    slow_answer_s: Seconds = 3.0
    unknown_filter: Literal["empty", "reject"] = "empty"
    answers_nothing: bool = False
    renew_timestamp_on_retry: bool = True


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sandbox account.

    `webhook_url`: the base; calls go to `<webhook_url>/calls`, messages to `<webhook_url>/sms`. None sends nothing.
    `api_key`, `other_api_key`: empty means derived from the seed. The other key is valid and sees an empty account.
    `quota_limit` per `quota_window_s`: of detail_records; windows begin at multiples of the window since the epoch.
    `readable_rows`: rows of one query beyond this offset are cut off.
    `usage_zero_days`: whether usage_reports show days without usage as zero rows or leave them out.
    """

    seed: int = 1
    webhook_url: str | None = None
    api_key: str = ""
    other_api_key: str = ""
    opening_balance: str = "100.00"
    credit_limit: str = "50.00"
    quota_limit: Count = 40
    quota_window_s: Count = 60
    usage_quota_limit: Count = 5
    usage_quota_window_s: Count = 1
    readable_rows: Count = 10_000
    usage_zero_days: Literal["explicit", "omitted"] = "explicit"
    webhook_timeout_s: Seconds = 2.0
    webhook_retry_delays_s: tuple[Seconds, ...] = (0.2, 0.8)
    faults: Faults = Faults()

    def webhook_address(self, product: str) -> str:
        """Where webhooks of a product go."""
        return f"{(self.webhook_url or '').rstrip('/')}/{product}"

    @property
    def account_key(self) -> str:
        return self.api_key or derived_key(self.seed, "account")

    @property
    def empty_account_key(self) -> str:
        return self.other_api_key or derived_key(self.seed, "other account")


def derived_key(seed: int, purpose: str) -> str:
    """An API key in Telnyx's form (`KEY...`) that the same seed always gives."""
    return f"KEY{hashlib.sha256(f'sandbox {seed} {purpose}'.encode()).hexdigest()[:40].upper()}"


def changed(faults: Faults, changes: dict[str, object]) -> Faults:
    """The faults with some fields replaced. Raises msgspec.ValidationError for unknown fields and bad values."""
    return msgspec.convert({**msgspec.to_builtins(faults), **changes}, Faults)

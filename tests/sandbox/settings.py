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
    `retention_days`: detail_records shows nothing older; reports and usage_reports still do.
    `usage_float_noise`: usage_reports add up in binary floats, so that costs have far too many decimals.
    `date_skew_s`: how far the header `Date` is ahead of the clock.
    `report_*`: how long a batch report is pending and what becomes of it; whether its CSV has the API's field names or
    the portal's headings (which have no ids), which fields it lacks, how many broken rows it has, and how long it takes
    until a message is in it.
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
    retention_days: Annotated[int, msgspec.Meta(ge=1, le=3_660)] | None = None
    usage_float_noise: bool = False
    date_skew_s: Annotated[float, msgspec.Meta(ge=-86_400, le=86_400)] = 0.0
    report_delay_s: Seconds = 0.3
    report_outcome: Literal["complete", "fail", "expire"] = "complete"
    report_form: Literal["api", "portal"] = "api"
    report_record_ids: bool = True
    report_missing_columns: tuple[str, ...] = ()
    report_message_lag_s: Seconds = 0.0
    report_broken_rows: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0
    renew_timestamp_on_retry: bool = True


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sandbox account.

    `webhook_url`: the base; calls go to `<webhook_url>/calls`, messages to `<webhook_url>/sms`. None sends nothing.
    `api_key`, `other_api_key`: empty means derived from the seed. The other key is valid and sees an empty account.
    `quota_limit` per `quota_window_s`: of detail_records; windows begin at multiples of the window since the epoch.
    `reports_quota_limit` per `quota_window_s`: of batch reports; None has no quota, and says nothing of one.
    `readable_rows`: rows of one query beyond this offset are cut off.
    `usage_zero_days`: whether usage_reports show days without usage as zero rows or leave them out.
    `usage_decimals`: to how many decimals usage_reports round; None shows all there are.
    `monthly_charge`: booked on the first of each month. `tax_percent`: of each day's usage, booked on the next day.
    `recharge_below`: automatic recharge tops up by `recharge_amount` once the balance is lower; None is off.
    `analysis_delay_s`: for how long after its end a session has no analysis.
    `webhooks_at_once`: how many are under way at most.
    `call_cost_in_webhooks`: what the Call Control application says of itself.
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
    reports_quota_limit: Count | None = None
    readable_rows: Count = 10_000
    usage_zero_days: Literal["explicit", "omitted"] = "explicit"
    usage_decimals: Annotated[int, msgspec.Meta(ge=0, le=12)] | None = None
    monthly_charge: str = "0"
    tax_percent: str = "0"
    recharge_below: str | None = None
    recharge_amount: str = "25.00"
    call_cost_in_webhooks: bool = False
    analysis_delay_s: Seconds = 5.0
    webhook_timeout_s: Seconds = 2.0
    webhook_retry_delays_s: tuple[Seconds, ...] = (0.2, 0.8)
    webhooks_at_once: Count = 16
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

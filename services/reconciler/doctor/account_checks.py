"""Checks of the account at Telnyx: the key, the clocks, the webhooks' signature, the settings, the balance. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.common.times import format_rfc3339
from services.reconciler.audit.line import counted, worded
from services.reconciler.doctor.check import Check, listed
from services.reconciler.doctor.observations import Application, BalanceOutlook, BookHealth, Probe

API_KEY: Final = "API key"
CLOCK: Final = "Clock"
PUBLIC_KEY: Final = "Public key"
CALL_COST: Final = "Cost in webhooks"
BALANCE: Final = "Balance"

SIGNATURE_LIMIT: Final = timedelta(seconds=300)
"""Telnyx's own libraries refuse a webhook whose timestamp is further off (Telnyx facts, section 2)."""

_SKEW_TO_WATCH: Final = timedelta(seconds=5)
_LOW: Final = timedelta(days=7)
_VERY_LOW: Final = timedelta(days=2)
_OLD_SNAPSHOT: Final = timedelta(hours=1)
_LATELY: Final = timedelta(days=1)


def check_api_key(probe: Probe) -> Check:
    """Telnyx takes the key."""
    if probe.key_works:
        return Check(API_KEY, "ok", "Telnyx accepts the API key.")
    told = probe.message or "it gave no reason"
    return Check(
        API_KEY,
        "failure",
        f"Telnyx does not accept the API key: {told.rstrip('.')}.",
        "Create a key in Telnyx's portal and set TELNYX_API_KEY where telnyx-gateway runs.",
    )


def check_clock(probe: Probe) -> Check:
    """Our clock is near Telnyx's: webhooks are judged by their timestamps, and so is what is late."""
    skew = probe.clock_skew
    if skew is None:
        return Check(CLOCK, "unknown", "Telnyx's answer did not tell its time.")
    off_s = abs(skew.total_seconds())
    finding = f"Telnyx's clock is {off_s:.0f} s {'ahead of' if skew > timedelta(0) else 'behind'} ours."
    advice = "Let the machines of Tollbook take their time from NTP."
    if abs(skew) >= SIGNATURE_LIMIT:
        return Check(CLOCK, "failure", f"{finding} Webhooks count as stale and have no effect.", advice)
    if abs(skew) >= _SKEW_TO_WATCH:
        return Check(CLOCK, "warning", finding, advice)
    return Check(CLOCK, "ok", f"Our clock is within {off_s:.0f} s of Telnyx's.")


def check_public_key(told: tuple[Sequence[str], BookHealth], *, now: datetime) -> Check:
    """Telnyx tells its public keys, and webhooks came that were signed with one that the edge trusts."""
    public_keys, health = told
    if not public_keys:
        return Check(
            PUBLIC_KEY,
            "failure",
            "Telnyx names no public key: webhooks cannot be verified.",
            "Copy the key from Telnyx's portal into TELNYX_PUBLIC_KEY where the edge runs.",
        )
    known = f"Telnyx signs with {counted(len(public_keys), 'key')}"
    if health.last_event_at is None or now - health.last_event_at > _LATELY:
        return Check(
            PUBLIC_KEY,
            "warning",
            f"{known}, and no webhook of the last day shows that the edge trusts the same.",
            "If TELNYX_PUBLIC_KEY is set where the edge runs, compare it with Telnyx's portal.",
        )
    return Check(PUBLIC_KEY, "ok", f"{known}, and webhooks signed with a key that the edge trusts arrive.")


def check_call_cost(applications: Sequence[Application]) -> Check:
    """Every active application tells the cost of a call by webhook: an estimate is then good within seconds."""
    active = [application for application in applications if application.is_active]
    silent = [
        application.name or "(unnamed)" for application in active if not application.call_cost_in_webhooks
    ]
    if not active:
        return Check(CALL_COST, "ok", "The account has no active call-control application.")
    if not silent:
        return Check(
            CALL_COST, "ok", "Every active call-control application tells the cost of a call by webhook."
        )
    return Check(
        CALL_COST,
        "warning",
        f"No cost of a call in the webhooks of {listed(silent)}: {len(silent)} of {len(active)} active applications.",
        "Switch on call_cost_in_webhooks in Telnyx's portal; costs are then known sooner.",
    )


def check_balance(outlook: BalanceOutlook | None, *, now: datetime) -> Check:
    """There is money for some time to come: an empty account is an outage."""
    if outlook is None:
        return Check(
            BALANCE, "unknown", "No balance was read in the last 7 days.", "See that the reconciler runs."
        )
    left = f"{worded(outlook.available)} are available"
    top_up = "Top up the account, or set up auto-recharge in Telnyx's portal."
    if outlook.available.nanos <= 0:
        return Check(BALANCE, "failure", f"Nothing is left: {left}.", top_up)
    if now - outlook.read_at > _OLD_SNAPSHOT:
        read = format_rfc3339(outlook.read_at.replace(microsecond=0))
        return Check(
            BALANCE,
            "warning",
            f"The balance was last read at {read}.",
            "See that the reconciler reaches Telnyx.",
        )
    if outlook.time_left is None:
        return Check(BALANCE, "ok", f"{left}.")
    finding = f"{left}, enough for {outlook.time_left / timedelta(days=1):.1f} days as things go."
    if outlook.time_left < _VERY_LOW:
        return Check(BALANCE, "failure", finding, top_up)
    return (
        Check(BALANCE, "warning", finding, top_up)
        if outlook.time_left < _LOW
        else Check(BALANCE, "ok", finding)
    )

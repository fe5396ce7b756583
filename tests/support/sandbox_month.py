"""A month of ordinary business on the sandbox account, so that charts and periods have something to show."""

from datetime import UTC, datetime, timedelta

from tests.sandbox.client import SandboxClient

_DAYS = 28
_DAY_S = 86_400
# By weekday from Monday: how many calls and messages.
_CALLS = (11, 15, 13, 15, 12, 7, 2)
_MESSAGES = (3, 5, 4, 2, 4, 1, 1)


def make_month(sandbox: SandboxClient) -> None:
    """All of it is over and billed, and its webhooks came to nobody."""
    now = datetime.now(UTC)
    sandbox.set_faults(webhook_loss_rate=1)
    for days_ago in range(1, _DAYS + 1):
        weekday = (now - timedelta(days=days_ago)).weekday()
        for kinds, count in (("calls", _CALLS[weekday]), ("messages", _MESSAGES[weekday])):
            sandbox.create(kinds, count, ended_ago_s=days_ago * _DAY_S, visible_at_once=True)
    sandbox.set_faults(webhook_loss_rate=0)

"""The price of a call before Telnyx has told it: rounded up as Telnyx rounds (Telnyx facts, section 4)."""

from datetime import timedelta

PSTN_INCREMENT_S = 60
ON_NET_INCREMENT_S = 6
_SECONDS_PER_MINUTE = 60


def billed_s(talk_time: timedelta, is_on_net: bool) -> int:
    """The seconds that Telnyx is expected to bill for an answered call.

    PSTN counts by the started minute, on-net SIP by the started 6 seconds, and an answered call by at least one.
    """
    increment_s = ON_NET_INCREMENT_S if is_on_net else PSTN_INCREMENT_S
    return max(1, -(-talk_time // timedelta(seconds=increment_s))) * increment_s


def estimate_nanos(talk_time: timedelta, nanos_per_minute: int, is_on_net: bool) -> int:
    """What an answered call of that length is expected to cost; a fraction of a nano is rounded up."""
    return -(-nanos_per_minute * billed_s(talk_time, is_on_net) // _SECONDS_PER_MINUTE)


def is_on_net(other_party: str) -> bool:
    """The other side is a SIP address, not a telephone number."""
    return other_party.lower().startswith(("sip:", "sips:")) or "@" in other_party

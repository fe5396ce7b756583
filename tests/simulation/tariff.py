"""What the simulated Telnyx charges: by direction and by where a number is, rounded up as Telnyx rounds.

Source of the rounding and of the parts: Telnyx facts, section 4. All numbers are reserved for fiction.
"""

from dataclasses import dataclass
from fractions import Fraction

PSTN_INCREMENT_S = 60
ON_NET_INCREMENT_S = 6
CALL_CONTROL_NANOS = 2_000_000
RECORDING_NANOS = 2_000_000
WEBRTC_NANOS = 1_000_000
AMD_NANOS = 2_000_000
TWIN_NANOS = 2_000_000
MESSAGE_RATE_NANOS = 2_050_000
CARRIER_FEE_NANOS = 3_050_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number is, and what a minute to it and from it costs, in nanos."""

    prefix: str
    digits: int
    outbound_nanos: int
    inbound_nanos: int


PLACES = (
    Place("+1202555", 4, 7_000_000, 3_500_000),
    Place("+1907555", 4, 19_000_000, 3_500_000),
    Place("+442079460", 3, 10_600_000, 3_200_000),
    Place("+447700900", 3, 25_800_000, 3_200_000),
    Place("+493023125", 3, 8_900_000, 4_100_000),
    Place("+61491570", 3, 41_500_000, 5_000_000),
)
"""Most calls go to the first few."""

PLACE_WEIGHTS = (50, 5, 18, 10, 12, 5)

ACCOUNT_NUMBERS = tuple(f"+1202555{number:04d}" for number in range(100, 110))


def billed_seconds(talk_s: int, increment_s: int) -> int:
    """Started increments, at the least one."""
    return max(1, -(-talk_s // increment_s)) * increment_s


def cost_nanos(seconds: int, nanos_per_minute: int) -> int:
    """What so many billed seconds cost, rounded down to a nano as a bill of nine decimals is."""
    return int(Fraction(seconds * nanos_per_minute, 60))

"""Whether Telnyx takes the API key, and how far its clock is from ours."""

from dataclasses import dataclass
from datetime import timedelta

from services.common.errors import TelnyxRefused
from services.telnyx_gateway.balance import BALANCE
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.refusals import KEY_FIELD


@dataclass(frozen=True, slots=True)
class Probe:
    """`message` says why the key does not work. `clock_skew`: Telnyx's clock less ours, None where it is not known."""

    key_works: bool
    message: str
    clock_skew: timedelta | None


async def probe_account(client: TelnyxClient) -> Probe:
    """Ask for the balance, which every key may see, also where the key was refused a moment ago.

    Raises TelnyxRefused for a refusal that is not about the key, TelnyxUnreachable and QuotaExhausted.
    """
    try:
        await client.ask(BALANCE, Priority.PERSON, is_trial=True)
    except TelnyxRefused as error:
        if error.field != KEY_FIELD:
            raise
        return Probe(False, error.detail, client.clock_skew)
    return Probe(True, "", client.clock_skew)

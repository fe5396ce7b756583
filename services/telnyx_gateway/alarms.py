"""What keeps telnyx-gateway from its work until somebody does something about it."""

from typing import Final

from services.common.alarms import Alarm

KEY_REFUSED: Final = Alarm(
    "telnyx_key_refused",
    "Set a TELNYX_API_KEY that Telnyx accepts and restart telnyx-gateway; webhooks are taken meanwhile, and what waits "
    "for its cost is kept.",
)
RECORDS_FORBIDDEN: Final = Alarm(
    "telnyx_records_forbidden",
    "Allow the API key to read detail records in Telnyx's portal, or set another and restart telnyx-gateway; what "
    "waits for its cost is kept.",
)
TELNYX_AWAY: Final = Alarm(
    "telnyx_away",
    "See status.telnyx.com and the way out of this network; webhooks are taken meanwhile, and what waits for its cost "
    "is fetched by itself once Telnyx answers.",
)

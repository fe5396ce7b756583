"""Checking a webhook's signature, as quickly as Python can: what both Starlette yardsticks begin with."""

import base64
import time

from nacl.signing import VerifyKey
from starlette.requests import Request

_MAX_SKEW_S = 300


async def read_signed(request: Request, key: VerifyKey) -> bytes:
    """The body. Raises BadSignatureError or ValueError where it was not signed by this key, or too long ago."""
    body = await request.body()
    headers = request.headers
    timestamp = headers["telnyx-timestamp"]
    key.verify(timestamp.encode() + b"|" + body, base64.b64decode(headers["telnyx-signature-ed25519"]))
    if abs(time.time() - int(timestamp)) > _MAX_SKEW_S:
        raise ValueError("signed too long ago")
    return body

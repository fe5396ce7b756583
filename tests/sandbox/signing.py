"""Signs webhooks as Telnyx does: Ed25519 over `{timestamp}|{raw body}`. Source: Telnyx facts, section 2."""

import base64
import hashlib
from datetime import datetime

from nacl.signing import SigningKey


class Signer:
    """The account's signing key, derived from the seed."""

    def __init__(self, seed: int) -> None:
        self._key = SigningKey(hashlib.sha256(f"sandbox {seed} webhooks".encode()).digest())

    @property
    def public_key(self) -> str:
        """32 bytes, base64."""
        return base64.b64encode(bytes(self._key.verify_key)).decode()

    def headers(self, body: bytes, signed_at: datetime) -> dict[str, str]:
        """The headers of one delivery; the timestamp is in Unix seconds."""
        timestamp = str(int(signed_at.timestamp()))
        signature = self._key.sign(timestamp.encode() + b"|" + body).signature
        return {
            "content-type": "application/json",
            "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
            "telnyx-timestamp": timestamp,
        }

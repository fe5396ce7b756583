"""Signs test webhooks as Telnyx does (Telnyx facts, section 2)."""

import base64
from dataclasses import dataclass, field
from datetime import datetime

from nacl.signing import SigningKey


@dataclass(frozen=True, slots=True)
class TelnyxSigner:
    """An account with a signing key of its own."""

    key: SigningKey = field(default_factory=SigningKey.generate)

    @property
    def public_key(self) -> str:
        """Base64, as in TELNYX_PUBLIC_KEY."""
        return base64.b64encode(bytes(self.key.verify_key)).decode()

    def headers(self, body: bytes, signed_at: datetime) -> dict[str, str]:
        """The two headers of a delivery."""
        timestamp = str(int(signed_at.timestamp()))
        signature = self.key.sign(f"{timestamp}|".encode() + body).signature
        return {
            "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
            "telnyx-timestamp": timestamp,
        }

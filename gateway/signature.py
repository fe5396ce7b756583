"""Whether a webhook was signed by Telnyx, and whether it was signed now. Pure.

Source: Telnyx facts, section 2: Ed25519 over the bytes `{telnyx-timestamp}|{raw body}`.
"""

import binascii
import re
from collections.abc import Iterable
from datetime import datetime
from enum import Enum

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

MAX_SKEW_S = 300
"""How far the signed timestamp may be off, as in Telnyx's own SDKs."""

_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")


class Verdict(Enum):
    """What a signature says of a delivery."""

    FRESH = "fresh"
    STALE = "stale"
    """Signed by Telnyx, but with a timestamp more than MAX_SKEW_S off."""
    FORGED = "forged"
    """Not signed by any of the keys, or not in a form that Telnyx sends."""


def read_public_key(text: str) -> VerifyKey:
    """A public key from its base64 text. Raises ValueError with a sentence."""
    raw = _decode_canonical(text.strip().encode("utf-8"), _KEY_BYTES)
    if raw is None:
        raise ValueError("must be the base64 text of a 32-byte Ed25519 key, as Telnyx's portal shows it")
    return VerifyKey(raw)


def judge(
    keys: Iterable[VerifyKey], signature: bytes, timestamp: bytes, body: bytes, now: datetime
) -> Verdict:
    """Judge one delivery by the raw values of its two headers and its raw body.

    While a key is being rotated there are several; any of them may have signed.
    """
    raw_signature = _decode_canonical(signature, _SIGNATURE_BYTES)
    if raw_signature is None or _TIMESTAMP.fullmatch(timestamp) is None:
        return Verdict.FORGED
    # As libsodium takes them: the signature in front of what it signs.
    signed = b"%b%b|%b" % (raw_signature, timestamp, body)
    if not any(_is_signed_by(key, signed) for key in keys):
        return Verdict.FORGED
    skew_s = abs(now.timestamp() - int(timestamp))
    return Verdict.FRESH if skew_s <= MAX_SKEW_S else Verdict.STALE


def _is_signed_by(key: VerifyKey, signed: bytes) -> bool:
    try:
        crypto_sign_open(signed, bytes(key))
    except BadSignatureError:
        return False
    return True


def _decode_canonical(text: bytes, length: int) -> bytes | None:
    """The bytes behind base64 text; None unless it is the one spelling of exactly `length` bytes."""
    try:
        raw = binascii.a2b_base64(text)
    except ValueError:
        return None
    return raw if len(raw) == length and binascii.b2a_base64(raw, newline=False) == text else None

"""Reading `GET /v2/public_key`: seen in public code, in no reference, so several shapes count (facts, section 6)."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

import msgspec

from services.telnyx_gateway.request import UnreadableAnswer
from services.telnyx_vocabulary.json_values import DECODE_ERRORS

_KEY_BYTES = 32
_MAX_KEYS = 10
_NAMES = ("public", "public_key", "key")


class _Answer(msgspec.Struct):
    data: Any


def parse_public_keys(body: bytes) -> tuple[str, ...]:
    """The base64 Ed25519 keys of `data.public`, `data.public_key`, a list of such objects, or bare texts.

    Raises UnreadableAnswer if there is none.
    """
    try:
        data = msgspec.json.decode(body, type=_Answer).data
    except DECODE_ERRORS as error:
        raise UnreadableAnswer(f"not a public key: {error}") from error
    keys = tuple(dict.fromkeys(text for text in _texts(data) if _is_key(text)))[:_MAX_KEYS]
    if not keys:
        raise UnreadableAnswer("it holds no Ed25519 public key of 32 bytes in base64")
    return keys


def _texts(value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from (item[name] for name in _NAMES if isinstance(item.get(name), str))


def _is_key(text: str) -> bool:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(decoded) == _KEY_BYTES and base64.b64encode(decoded).decode() == text

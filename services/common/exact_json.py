"""JSON whose numbers stay exact: Decimals in and out, in plain notation, never binary floats."""

from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode_json(value: Any) -> str:
    """Compact JSON text; a Decimal becomes a number with just its digits and no exponent."""
    return _encoder.encode(_with_plain_numbers(value)).decode()


def decode_json(text: str | bytes) -> Any:
    """The inverse: fractions become Decimals. Raises msgspec.DecodeError."""
    return _decoder.decode(text)


def _with_plain_numbers(value: Any) -> Any:
    if isinstance(value, Decimal):
        return msgspec.Raw(f"{value:f}".encode())
    if isinstance(value, dict):
        return {key: _with_plain_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_plain_numbers(inner) for inner in value]
    return value

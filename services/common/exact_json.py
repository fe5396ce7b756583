"""JSON whose numbers stay exact: Decimals in and out, never binary floats."""

from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode_json(value: Any) -> str:
    """Compact JSON text; a Decimal becomes a number with just its digits."""
    return _encoder.encode(value).decode()


def decode_json(text: str | bytes) -> Any:
    """The inverse: fractions become Decimals. Raises msgspec.DecodeError."""
    return _decoder.decode(text)

"""Which deliveries count as Telnyx's."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from gateway.signature import Verdict, judge, read_public_key
from tests.support.telnyx_signer import TelnyxSigner

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SIGNER = TelnyxSigner(SigningKey(bytes(range(32))))
KEYS = [read_public_key(SIGNER.public_key)]
BODY = b'{"data": {"event_type": "call.hangup"}}'
VECTOR = "OcvaCgJ9wFIuxCz4U90DfeUa7ruF36Wrjsd9ng0E6ip5qZ8IgU0f+9exHUbzUtHhPBGVVOqRsK6uqz2wWwdTDg=="


def verdict_on(headers: dict[str, str], body: bytes = BODY, now: datetime = NOW) -> Verdict:
    signature = headers["telnyx-signature-ed25519"].encode("latin-1")
    return judge(KEYS, signature, headers["telnyx-timestamp"].encode("latin-1"), body, now)


def test_a_vector_that_was_made_elsewhere() -> None:
    """The key pair of RFC 8032, section 7.1, test 1."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signer = TelnyxSigner(SigningKey(secret))
    assert base64.b64decode(signer.public_key) == public
    headers = signer.headers(b"", datetime(2026, 1, 1, tzinfo=UTC))
    # Computed with OpenSSL: `printf '1767225600|' | openssl pkeyutl -sign -rawin -inkey key.pem`.
    assert headers["telnyx-signature-ed25519"] == VECTOR
    judged = judge(
        [read_public_key(signer.public_key)],
        VECTOR.encode(),
        b"1767225600",
        b"",
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert judged is Verdict.FRESH


@pytest.mark.parametrize(
    ("skew_s", "expected"),
    [
        (0, Verdict.FRESH),
        (300, Verdict.FRESH),
        (-300, Verdict.FRESH),
        (301, Verdict.STALE),
        (-301, Verdict.STALE),
        (86_400 * 400, Verdict.STALE),
    ],
)
def test_the_timestamp_may_be_300_seconds_off(skew_s: int, expected: Verdict) -> None:
    assert verdict_on(SIGNER.headers(BODY, NOW + timedelta(seconds=skew_s))) is expected


def test_any_of_several_keys_may_have_signed() -> None:
    other = TelnyxSigner()
    keys = [read_public_key(other.public_key), *KEYS]
    headers = SIGNER.headers(BODY, NOW)
    signature = headers["telnyx-signature-ed25519"].encode()
    timestamp = headers["telnyx-timestamp"].encode()
    assert judge(keys, signature, timestamp, BODY, NOW) is Verdict.FRESH
    assert judge(keys[:1], signature, timestamp, BODY, NOW) is Verdict.FORGED
    assert judge([], signature, timestamp, BODY, NOW) is Verdict.FORGED


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_single_byte_of_the_body_can_be_changed(position: int, change: int) -> None:
    changed = bytearray(BODY)
    changed[position % len(BODY)] ^= change
    assert verdict_on(SIGNER.headers(BODY, NOW), bytes(changed)) is Verdict.FORGED


@given(st.integers(min_value=0, max_value=63), st.integers(min_value=1, max_value=255))
def test_no_single_byte_of_the_signature_can_be_changed(position: int, change: int) -> None:
    headers = SIGNER.headers(BODY, NOW)
    raw = bytearray(base64.b64decode(headers["telnyx-signature-ed25519"]))
    raw[position] ^= change
    headers["telnyx-signature-ed25519"] = base64.b64encode(bytes(raw)).decode()
    assert verdict_on(headers) is Verdict.FORGED


def test_the_timestamp_is_signed_too() -> None:
    headers = SIGNER.headers(BODY, NOW)
    headers["telnyx-timestamp"] = str(int(headers["telnyx-timestamp"]) + 1)
    assert verdict_on(headers) is Verdict.FORGED


@pytest.mark.parametrize(
    "timestamp", ["", "abc", "-1", "+1", "1.0", "1e9", " 1", "1 ", "9" * 13, "\u0661", "0x10", "1|1"]
)
def test_a_timestamp_is_plain_digits(timestamp: str) -> None:
    raw = timestamp.encode()
    signature = base64.b64encode(SIGNER.key.sign(raw + b"|" + BODY).signature)
    assert judge(KEYS, signature, raw, BODY, NOW) is Verdict.FORGED


def test_the_bar_belongs_to_the_signed_bytes() -> None:
    """`1|2` + `|x` and `1` + `|2|x` sign alike: the digits-only rule keeps them apart."""
    raw = b"1|2"
    signature = base64.b64encode(SIGNER.key.sign(raw + b"|x").signature)
    assert judge(KEYS, signature, raw, b"x", NOW) is Verdict.FORGED
    assert judge(KEYS, signature, b"1", b"2|x", NOW) is Verdict.STALE


def _respelled(signature: str) -> list[str]:
    last = signature[-3]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    same_bits = alphabet[alphabet.index(last) | 1]
    return [
        signature.rstrip("="),
        signature + "=",
        signature + "\n",
        " " + signature,
        signature[:40] + "\n" + signature[40:],
        signature[:-3] + same_bits + "==",
        signature.replace("+", "-").replace("/", "_") + "-",
        signature + "A",
        "",
        "\u00e9",
    ]


def test_a_signature_has_one_spelling() -> None:
    headers = SIGNER.headers(BODY, NOW)
    for spelling in _respelled(headers["telnyx-signature-ed25519"]):
        assert verdict_on({**headers, "telnyx-signature-ed25519": spelling}) is Verdict.FORGED


@pytest.mark.parametrize("length", [0, 32, 63, 65, 128])
def test_a_signature_has_64_bytes(length: int) -> None:
    headers = SIGNER.headers(BODY, NOW)
    raw = (base64.b64decode(headers["telnyx-signature-ed25519"]) * 2)[:length]
    headers["telnyx-signature-ed25519"] = base64.b64encode(raw).decode()
    assert verdict_on(headers) is Verdict.FORGED


@given(st.binary(max_size=100), st.binary(max_size=20), st.binary(max_size=100))
def test_nonsense_is_forged_and_never_an_error(signature: bytes, timestamp: bytes, body: bytes) -> None:
    assert judge(KEYS, signature, timestamp, body, NOW) is Verdict.FORGED


@pytest.mark.parametrize("text", ["", "abc", "A" * 44, "AAAA", SIGNER.public_key[:-1], "\u00e9" * 44])
def test_a_key_that_is_none_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="32-byte Ed25519 key"):
        read_public_key(text)

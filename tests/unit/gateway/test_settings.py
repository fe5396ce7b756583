"""How operators set up the edge, and what they hear of a mistake."""

import pytest

from gateway.api_keys import ApiKey, Scope, find_key, parse_api_keys
from gateway.hosts import is_trusted_host, read_host
from gateway.settings import GatewaySettings
from services.common.settings import load_settings
from tests.support.telnyx_signer import TelnyxSigner

ALL = {"read", "reconcile", "admin"}
LONG = "a-key-that-nobody-guesses"


def parse(text: str) -> tuple[ApiKey, ...]:
    keys = parse_api_keys(text)
    assert isinstance(keys, tuple)
    return keys


def scopes_of(key: ApiKey) -> set[str]:
    return {scope.value for scope in key.scopes}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LONG, [("key 1", ALL)]),
        (f" {LONG} , other-key-0123456789 ,", [("key 1", ALL), ("key 2", ALL)]),
        (f"crm:read:{LONG}", [("crm", {"read"})]),
        (f"ops:read+reconcile:{LONG}", [("ops", {"read", "reconcile"})]),
        (f"ops:read,reconcile:{LONG},crm:read:x:y", [("ops", {"read", "reconcile"}), ("crm", {"read"})]),
        (f"boss:admin:{LONG}", [("boss", {"admin"})]),
        ("with:colon", [("key 1", ALL)]),
    ],
)
def test_api_keys_in_all_their_forms(text: str, expected: list[tuple[str, set[str]]]) -> None:
    assert [(key.name, scopes_of(key)) for key in parse(text)] == expected


@pytest.mark.parametrize(
    "text", ["crm:reed:secret-text", "a:b:secret-text", " , ", "secret-\u00e9text", "a:read:"]
)
def test_keys_that_cannot_be_read_are_refused_without_being_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"entry 1|no key") as refusal:
        parse_api_keys(text)
    assert "secret" not in str(refusal.value)


def test_a_key_is_found_only_whole() -> None:
    keys = parse(f"crm:read:{LONG},other-key-0123456789")
    assert find_key(keys, LONG.encode()) is keys[0]
    assert find_key(keys, b"other-key-0123456789") is keys[1]
    for wrong in (b"", LONG[:-1].encode(), f"{LONG} ".encode(), f"crm:read:{LONG}".encode(), b"\xff"):
        assert find_key(keys, wrong) is None


def test_a_key_allows_its_scopes_and_admin_allows_all() -> None:
    reader, admin = parse(f"crm:read:{LONG},boss:admin:{LONG}2")
    assert reader.allows(Scope.READ)
    assert not reader.allows(Scope.RECONCILE)
    assert all(admin.allows(scope) for scope in Scope)


def test_a_short_key_is_marked() -> None:
    assert [key.is_short for key in parse("fifteen-letters,sixteen-letters.")] == [True, False]


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        (b"localhost", True),
        (b"LOCALHOST:3000", True),
        (b"127.0.0.1:80", True),
        (b"[::1]", True),
        (b"[::1]:3000", True),
        (b"tollbook.example", True),
        (b"Tollbook.Example:8443", True),
        (b"evil.example", False),
        (b"localhost.evil.example", False),
        (b"localhost@evil.example", False),
        (b"localhost:3000:1", False),
        (b"127.0.0.2", False),
        (b"0.0.0.0", False),
        (b"::1", False),
        (b"", False),
        (b"local host", False),
        (b"localhost\xa0", False),
        (b"\xff", False),
    ],
)
def test_which_hosts_count_as_this_machine(host: bytes, trusted: bool) -> None:
    assert is_trusted_host([host], frozenset({read_host("tollbook.example:3000")})) is trusted


def test_a_request_names_one_host() -> None:
    assert not is_trusted_host([], frozenset())
    assert not is_trusted_host([b"localhost", b"localhost"], frozenset())


def test_the_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))
    public_keys = [TelnyxSigner().public_key, TelnyxSigner().public_key]
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", ", ".join(public_keys))
    monkeypatch.setenv("ALLOWED_HOSTS", "One.example, two.example:8080")
    monkeypatch.setenv("API_KEYS", f"crm:read:{LONG}")
    monkeypatch.setenv("GATEWAY_PORT", "0")
    settings = load_settings(GatewaySettings)
    assert list(settings.telnyx_public_key) == public_keys
    assert settings.allowed_hosts == {"one.example", "two.example"}
    assert [key.name for key in settings.api_keys] == ["crm"]
    assert str(settings.listen) == "127.0.0.1:0"
    assert LONG not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("TELNYX_PUBLIC_KEY", "c2VjcmV0", "TELNYX_PUBLIC_KEY: must be the base64 text"),
        ("ALLOWED_HOSTS", "not a host", "ALLOWED_HOSTS: not a host name"),
        ("API_KEYS", "crm:reed:secret-text", "API_KEYS: entry 1 has the form name:scopes:key"),
        ("GATEWAY_PORT", "70000", "GATEWAY_PORT: "),
    ],
)
def test_a_wrong_value_ends_the_start_with_a_sentence(
    variable: str,
    value: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as exit_status:
        load_settings(GatewaySettings)
    assert exit_status.value.code == 78
    said = capsys.readouterr().err
    assert sentence in said
    assert "secret-text" not in said

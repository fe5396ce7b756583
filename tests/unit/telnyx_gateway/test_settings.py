"""What telnyx-gateway accepts from the environment."""

from pathlib import Path

import pytest

from services.common.settings import load_settings
from services.telnyx_gateway.account import account_key
from services.telnyx_gateway.settings import TelnyxGatewaySettings


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in TelnyxGatewaySettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)


def test_the_defaults_of_the_design() -> None:
    settings = load_settings(TelnyxGatewaySettings)
    assert settings.telnyx_api_key is None
    assert settings.telnyx_api_base == "https://api.telnyx.com"
    assert str(settings.telnyx_gateway_listen) == "127.0.0.1:50052"
    assert str(settings.telnyx_gateway_admin_listen) == "127.0.0.1:9102"


@pytest.mark.parametrize(
    ("base", "taken"),
    [
        ("https://api.telnyx.example/", "https://api.telnyx.example"),
        ("https://proxy.example:8443/telnyx", "https://proxy.example:8443/telnyx"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://127.8.9.10", "http://127.8.9.10"),
    ],
)
def test_bases_that_are_taken(monkeypatch: pytest.MonkeyPatch, base: str, taken: str) -> None:
    monkeypatch.setenv("TELNYX_API_BASE", base)
    assert load_settings(TelnyxGatewaySettings).telnyx_api_base == taken


@pytest.mark.parametrize(
    "base",
    [
        "api.telnyx.com",
        "https://",
        "https://api.telnyx.com/v2",
        "https://api.telnyx.com/v2/",
        "http://api.telnyx.com",
        "http://localhost.example.test",
        "http://0.0.0.0:8080",
        "ftp://api.telnyx.com",
        "https://user:hush@api.telnyx.com",
        "https://api.telnyx.com?hush=1",
    ],
)
def test_bases_that_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], base: str
) -> None:
    monkeypatch.setenv("TELNYX_API_BASE", base)
    with pytest.raises(SystemExit):
        load_settings(TelnyxGatewaySettings)
    complaint = capsys.readouterr().err
    assert complaint.startswith("tollbook cannot start: TELNYX_API_BASE: must ")
    assert "hush" not in complaint


def test_a_key_comes_without_the_blanks_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "  KEYsynthetic\n")
    key = load_settings(TelnyxGatewaySettings).telnyx_api_key
    assert key is not None
    assert key.get_secret_value() == "KEYsynthetic"


@pytest.mark.parametrize("key", ["KEY hush", "KEY\nhush", "KEYhush\u00e9"])
def test_what_cannot_be_a_key_is_refused_without_being_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", key)
    with pytest.raises(SystemExit):
        load_settings(TelnyxGatewaySettings)
    complaint = capsys.readouterr().err
    assert complaint.startswith("tollbook cannot start: TELNYX_API_KEY: is not an API key")
    assert "hush" not in complaint


def test_a_key_has_a_fingerprint() -> None:
    assert account_key("KEYsynthetic") == account_key("KEYsynthetic") != account_key("KEYother")
    assert len(account_key("")) == 12

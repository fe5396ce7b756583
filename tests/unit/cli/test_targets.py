"""Where the commands find the services."""

import json
import os
from pathlib import Path

import pytest

from services.cli.settings import ClientSettings
from services.cli.targets import ANNOUNCEMENT, Targets, announce, announced, withdraw

_VARIABLES = {"LEDGER_TARGET": "127.0.0.1:4711", "LEDGER_LISTEN": "127.0.0.1:4711", "GATEWAY_PORT": "3000"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("LEDGER", "TELNYX_GATEWAY", "RECONCILER"):
        monkeypatch.delenv(f"{name}_TARGET", raising=False)
        monkeypatch.delenv(f"{name}_LISTEN", raising=False)
    return tmp_path


def test_by_default_where_the_services_listen_by_default() -> None:
    assert Targets.of(ClientSettings()) == Targets("127.0.0.1:50051", "127.0.0.1:50052", "127.0.0.1:50053")


def test_where_the_settings_let_them_listen() -> None:
    settings = ClientSettings.model_validate(
        {"ledger_listen": "0.0.0.0:6001", "reconciler_listen": "[::1]:6003"}
    )
    assert Targets.of(settings) == Targets("127.0.0.1:6001", "127.0.0.1:50052", "[::1]:6003")


def test_what_tollbook_run_announces_goes_before_that_and_a_named_target_before_both() -> None:
    announce(_VARIABLES)
    assert announced() == {"LEDGER_TARGET": "127.0.0.1:4711"}
    assert Targets.of(ClientSettings()).ledger == "127.0.0.1:4711"
    named = ClientSettings.model_validate({"ledger_target": "dns:///ledger:50051"})
    assert Targets.of(named).ledger == "dns:///ledger:50051"


def test_an_announcement_ends_with_its_tollbook() -> None:
    announce(_VARIABLES)
    withdraw()
    assert announced() == {}
    assert list(ANNOUNCEMENT.parent.iterdir()) == []


def test_another_tollbooks_announcement_is_not_withdrawn() -> None:
    ANNOUNCEMENT.parent.mkdir()
    ANNOUNCEMENT.write_text(json.dumps({"pid": os.getppid(), "LEDGER_TARGET": "127.0.0.1:1"}))
    withdraw()
    assert announced() == {"LEDGER_TARGET": "127.0.0.1:1"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"LEDGER_TARGET": "127.0.0.1:1"}', '{"pid": "1", "LEDGER_TARGET": "127.0.0.1:1"}'],
)
def test_what_is_no_announcement_counts_as_none(text: str) -> None:
    ANNOUNCEMENT.parent.mkdir()
    ANNOUNCEMENT.write_text(text)
    assert announced() == {}


def test_a_tollbook_that_has_died_announces_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(pid: int, signal: int) -> None:
        raise ProcessLookupError(pid, signal)

    announce(_VARIABLES)
    monkeypatch.setattr(os, "kill", gone)
    assert announced() == {}

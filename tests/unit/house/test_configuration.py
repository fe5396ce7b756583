"""Every variable a process reads is documented, with its real default, and no other."""

import importlib
import re
from pathlib import Path

import pytest

from services.common.settings import TollbookSettings
from tests.support.processes import ROOT

_ROOMS = ("services.ledger", "services.telnyx_gateway", "services.reconciler", "services.cli", "gateway")


def _settings_classes() -> list[type[TollbookSettings]]:
    modules = [importlib.import_module(f"{room}.settings") for room in _ROOMS]
    return [
        found
        for module in modules
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, TollbookSettings) and found is not TollbookSettings
    ]


def _variables_read() -> set[str]:
    return {name.upper() for settings in _settings_classes() for name in settings.model_fields}


def _example_lines() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))


def _documented() -> dict[str, str]:
    text = (ROOT / "docs" / "configuration.md").read_text()
    return dict(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \| (.+?) \|", text, re.MULTILINE))


def test_the_example_and_the_documentation_list_what_the_processes_read() -> None:
    assert set(_example_lines()) == _variables_read()
    assert set(_documented()) == _variables_read()


def test_both_state_the_same_defaults() -> None:
    documented = {name: default.strip("`") for name, default in _documented().items()}
    unset = {"none", "fetched"}
    assert _example_lines() == {name: "" if text in unset else text for name, text in documented.items()}


@pytest.mark.parametrize("settings_class", _settings_classes(), ids=lambda found: found.__name__)
def test_the_stated_defaults_are_the_real_ones(
    settings_class: type[TollbookSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _variables_read():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    by_default = settings_class()
    stated = "\n".join(f"{name}={value}" for name, value in _example_lines().items())
    (tmp_path / ".env").write_text(stated)
    as_stated = settings_class().model_dump(exclude=_left_open(by_default))
    assert as_stated == by_default.model_dump(exclude=_left_open(by_default))


def _left_open(settings: TollbookSettings) -> set[str]:
    """Fields whose default is to be worked out: the supervisor's targets and databases follow other variables."""
    return {name for name in type(settings).model_fields if getattr(settings, name) is None}

"""The browser of the browser tests: which one is taken, when one is installed, and what is said where none can be."""

import os
from pathlib import Path

import pytest

from deploy import browser

_WORKS = "exit 0"
_BROKEN = "echo 'requires the chromium snap to be installed'; exit 1"


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of commands that is all there is on the PATH, on a machine where we are root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROME_BIN", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def _command(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_one_that_does_not_start_is_passed_over(commands: Path) -> None:
    _command(commands, "chromium-browser", _BROKEN)
    chrome = _command(commands, "google-chrome", _WORKS)
    assert browser.find_browser() == chrome


def test_the_sentence_tells_a_broken_one_from_none(commands: Path) -> None:
    with pytest.raises(browser.NoBrowser, match=r"None of chromium, .* is here"):
        browser.find_browser()
    broken = _command(commands, "chromium-browser", _BROKEN)
    with pytest.raises(browser.NoBrowser, match=f"{broken} does not start"):
        browser.find_browser()


def test_the_variable_comes_first(commands: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _command(commands, "chromium", _WORKS)
    named = _command(commands, "mine", _WORKS)
    monkeypatch.setenv("CHROME_BIN", named)
    assert browser.find_browser() == named


def test_a_variable_that_names_no_browser_is_not_passed_over(
    commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _command(commands, "chromium", _WORKS)
    monkeypatch.setenv("CHROME_BIN", "/nowhere/chrome")
    with pytest.raises(browser.NoBrowser, match="CHROME_BIN names /nowhere/chrome, which does not start"):
        browser.find_browser()


def test_root_gets_debians(commands: Path, capsys: pytest.CaptureFixture[str]) -> None:
    installs = (
        f"echo $* >> {commands}/asked; [ $4 = update ] || {{ echo '#!/bin/sh'; }} > {commands}/chromium"
    )
    _command(commands, "apt-get", f"{installs}; [ $4 = update ] || /bin/chmod +x {commands}/chromium")
    browser.main()
    assert browser.find_browser() == str(commands / "chromium")
    update, install = (commands / "asked").read_text().splitlines()
    assert update.endswith(" update")
    assert install.endswith(
        " install --yes --no-install-recommends chromium fonts-dejavu-core fonts-liberation"
    )
    said = capsys.readouterr().err
    assert said.startswith("tollbook: installing chromium, ")
    assert said.count("\n") == 1


def test_nothing_is_installed_where_a_browser_is(commands: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _command(commands, "chromium", _WORKS)
    _command(commands, "apt-get", f"touch {commands}/asked")
    browser.main()
    assert not (commands / "asked").exists()
    assert capsys.readouterr().err == ""


def test_others_than_root_are_told_what_to_do(
    commands: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    _command(commands, "apt-get", f"touch {commands}/asked")
    browser.main()
    assert not (commands / "asked").exists()
    assert "apt install chromium" in capsys.readouterr().err


def test_what_apt_get_says_is_passed_on(commands: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _command(commands, "apt-get", "echo much; echo 'E: Unable to locate package chromium'; exit 100")
    browser.main()
    assert (
        "apt-get update failed; the last that it said: E: Unable to locate package" in capsys.readouterr().err
    )

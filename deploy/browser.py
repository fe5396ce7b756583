"""Finds or installs the browser of the browser tests, with Python's own library alone: `python3 deploy/browser.py`.

Any browser of the Chromium family will do; CHROME_BIN names one that is not on the PATH. Where there is none, root on
a machine with apt-get gets Debian's. Where that is not possible a sentence says so, and the exit status is 0 all the
same: the tests that need a browser are then skipped, and the run says so again at its end.
"""

from __future__ import annotations  # as in bootstrap.py

import os
import shutil
import subprocess
import sys

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Debian's chromium does not depend on the fonts of a usual desktop: with Liberation alone, all text is monospaced.
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-liberation")

_START_TIMEOUT_S = 30
_APT_TIMEOUT_S = 900
_APT_GET = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120")


class NoBrowser(Exception):
    """There is none that starts; the message is a sentence that says what was looked for, and what to do."""


def main() -> None:
    """Install a browser where there is none, or say why that cannot be done."""
    try:
        find_browser()
    except NoBrowser as missing:
        try:
            install_browser(missing)
        except NoBrowser as still_missing:
            say(f"{still_missing} The tests of the page will be skipped; with CI=true they fail.")


def find_browser() -> str:
    """The path of a browser that starts. Raises NoBrowser."""
    named = os.environ.get("CHROME_BIN")
    if named:
        if starts(named):
            return named
        raise NoBrowser(f"CHROME_BIN names {named}, which does not start.")
    there = list(filter(None, map(shutil.which, COMMANDS)))
    for path in there:
        if starts(path):
            return path
    if there:
        raise NoBrowser(
            f"{' and '.join(there)} {'does' if len(there) == 1 else 'do'} not start: --version should work."
        )
    raise NoBrowser(
        f"None of {', '.join(COMMANDS)} is here: on Debian, apt install chromium; elsewhere, put the path of a "
        "Chromium into CHROME_BIN."
    )


def starts(path: str) -> bool:
    """Whether the browser can at least tell its version. Ubuntu's `chromium-browser` only says to install a snap."""
    try:
        asked = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_START_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def install_browser(missing: NoBrowser) -> None:
    """Install Debian's. Raises NoBrowser: `missing` where we may not install anything, or what apt-get said."""
    if os.environ.get("CHROME_BIN") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise missing
    say(f"installing {', '.join(PACKAGES)} with apt-get, for the tests of the page")
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        apt_get(step)
    find_browser()


def apt_get(step: list[str]) -> None:
    """One quiet step of apt-get, without a question. Raises NoBrowser with the end of what it said."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            [*_APT_GET, *step],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_APT_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoBrowser(f"apt-get {step[0]} took longer than {_APT_TIMEOUT_S} s.") from None
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-1:] or ["nothing"]
        raise NoBrowser(f"apt-get {step[0]} failed; the last that it said: {last[0]}")


def say(what: str) -> None:
    """One line of progress."""
    print(f"tollbook: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

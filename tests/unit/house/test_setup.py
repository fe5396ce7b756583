"""What `make` installs is pinned, hashed, and names no place to fetch it from."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.processes import ROOT

_LOCKS = sorted((ROOT / "deploy").glob("*.lock"))
_INDEX_OPTION = re.compile(
    r"(?:--?(?:extra-)?index-url|--default-index|--find-links)[= ]+\S*/|https?://\S+/simple\b"
)


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    """The setup script; it is no module of a package."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "deploy" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _tracked_text_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda path: path.name)
def test_every_locked_package_is_pinned_and_hashed(lock: Path) -> None:
    requirements = lock.read_text().replace("\\\n", " ").splitlines()
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==\S+ ", requirement), requirement
        assert "--hash=sha256:" in requirement


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda path: path.name)
def test_no_lock_holds_an_address(lock: Path) -> None:
    assert "://" not in lock.read_text()


def test_the_runtime_lock_is_part_of_the_development_lock() -> None:
    runtime, development = (
        set(re.findall(r"^\S+==\S+", (ROOT / "deploy" / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert runtime <= development


def test_nothing_names_a_package_index() -> None:
    naming = [
        path.relative_to(ROOT)
        for path in _tracked_text_files()
        if path != Path(__file__) and _INDEX_OPTION.search(path.read_text(errors="ignore"))
    ]
    assert naming == []


def test_the_lock_holds_the_uv_that_the_setup_expects(bootstrap: ModuleType) -> None:
    assert (ROOT / "deploy" / "bootstrap.lock").read_text().startswith(f"uv=={bootstrap.UV_VERSION} ")


def test_uv_looks_where_pip_is_configured_to_look(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = """
:env:.index-url='https://packages.example/root'
global.index-url='https://overruled.example/root'
global.extra-index-url='https://one.example/root\\nhttps://two.example/root'
global.find-links='/srv/wheels /srv/more'
install.trusted-host='packages.example'
download.no-index='true'
""".strip()
    monkeypatch.setattr(bootstrap, "_output", lambda command: config)
    for variable in [name for name in os.environ if name.startswith("UV_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("UV_FIND_LINKS", "/mine")
    environment = bootstrap.uv_environment()
    assert {name: value for name, value in environment.items() if name.startswith("UV_")} == {
        "UV_DEFAULT_INDEX": "https://packages.example/root",
        "UV_INDEX": "https://one.example/root https://two.example/root",
        "UV_FIND_LINKS": "/mine",
        "UV_INSECURE_HOST": "packages.example",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_make_explains_itself() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    targets = re.findall(r"^  make ([a-z]+) +\S", shown, re.MULTILINE)
    assert targets == [
        "help",
        "run",
        "test",
        "check",
        "simulate",
        "mutants",
        "chaos",
        "seeded",
        "screenshots",
        "bench",
        "format",
        "protos",
        "lock",
        "clean",
    ]

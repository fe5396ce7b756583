"""Sets up `.venv` from the lock files with Python's own library alone: `python3 deploy/bootstrap.py run|test|lock`.

`run` installs what the four processes need, `test` also what the checks and tests need, `lock` writes the lock files
anew. uv does the work, itself installed by pip from a lock file with hashes. pip's configuration decides where packages
come from; uv does not read it, so it is handed over in uv's variables, and where uv cannot use it, pip itself installs.
"""

from __future__ import annotations  # a Python that is too old must get as far as the message that says so

import ast
import fcntl
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
DEPLOY = ROOT / "deploy"
UV_VERSION = "0.13.9"
OLDEST_PYTHON = (3, 11)

_LOCKS = {"run": "requirements.lock", "test": "requirements-dev.lock"}
_EXTRAS = {"run": ["--extra", "setup"], "test": ["--all-extras"]}
# What pip calls it, what uv calls it, and what uv puts between several values.
_PIP_TO_UV = (
    ("index-url", "UV_DEFAULT_INDEX", " "),
    ("extra-index-url", "UV_INDEX", " "),
    ("find-links", "UV_FIND_LINKS", ","),
    ("no-index", "UV_NO_INDEX", " "),
    ("trusted-host", "UV_INSECURE_HOST", " "),
    ("cert", "SSL_CERT_FILE", " "),
    ("proxy", "ALL_PROXY", " "),
)


def main() -> None:
    """Do what the first argument says; end with a sentence for people when that cannot be done."""
    wanted, *arguments = sys.argv[1:] or [""]
    if wanted not in ("run", "test", "lock"):
        sys.exit("usage: python3 deploy/bootstrap.py run|test|lock [arguments of uv pip compile]")
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            f"Tollbook needs Python 3.11 or newer, this is {'.'.join(_version())}: make PYTHON=python3.11 ..."
        )
    # Two `make` at once take turns; the kernel frees the lock with the process.
    fcntl.flock(os.open(DEPLOY, os.O_RDONLY), fcntl.LOCK_EX)
    make_venv()
    install_uv()
    if wanted == "lock":
        lock(arguments)
    else:
        # Where the tests have been set up once, starting Tollbook must not take their tools away.
        install("test" if stamp_of("test").exists() else wanted)


def make_venv() -> None:
    """Create `.venv` with this Python, anew when it is missing, broken or of another version."""
    # Without python3-venv the first attempt leaves a .venv that has no pip.
    if _output([PYTHON, "-c", "import pip, sys; print(*sys.version_info[:2])"]).split() == _version():
        return
    say("creating .venv")
    try:
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"could not create .venv ({error}): on Debian, apt install python3-venv")


def install_uv() -> None:
    """Install the pinned uv by pip, where pip is configured to find it."""
    if _output([UV, "--version"]).split()[1:2] == [UV_VERSION]:
        return
    pip_install(DEPLOY / "bootstrap.lock")


def install(wanted: str) -> None:
    """Bring `.venv` to exactly what the lock file says, then add Tollbook itself, editable; note that it is done."""
    lock_file = DEPLOY / _LOCKS[wanted]
    say(f"installing deploy/{lock_file.name}")
    for stamp in map(stamp_of, _LOCKS):
        stamp.unlink(missing_ok=True)
    sync: list[str | Path] = [UV, "pip", "sync", "--quiet", "--python", PYTHON, "--require-hashes", lock_file]
    if subprocess.run(sync, env=uv_environment(), check=False).returncode != 0:
        say("uv could not; pip takes over")
        pip_install(lock_file)
    # hatchling comes from the lock, so the build needs no index.
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    _run([PYTHON, "-m", "pip", "install", *options, "--editable", ROOT])
    # What the tests need includes what the processes need.
    for done in {"run": ["run"], "test": ["run", "test"]}[wanted]:
        stamp_of(done).touch()


def stamp_of(wanted: str) -> Path:
    """The file whose age make compares with the lock files'."""
    return VENV / f".installed-for-{wanted}"


def lock(arguments: list[str]) -> None:
    """Resolve pyproject.toml for every platform and Python from 3.11; `arguments` go to uv (`--upgrade`)."""
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]
    # A lock file that names no index can be used wherever pip is configured to find packages.
    options += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate"]
    compile_lock: list[str | Path] = [UV, "pip", "compile", "--python", PYTHON, *options, *arguments]
    runtime = DEPLOY / _LOCKS["run"]
    _run([*compile_lock, *_EXTRAS["run"], "--output-file", runtime, ROOT / "pyproject.toml"])
    both: list[str | Path] = [*_EXTRAS["test"], "--constraint", runtime]
    _run([*compile_lock, *both, "--output-file", DEPLOY / _LOCKS["test"], ROOT / "pyproject.toml"])
    uv_lock = DEPLOY / "bootstrap.lock"
    _run([*compile_lock, "--output-file", uv_lock, "-"], text=f"uv=={UV_VERSION}\n")


def uv_environment() -> dict[str, str]:
    """This environment, with pip's configuration in uv's words. A variable of uv's that is set already stays."""
    environment = dict(os.environ)
    configured = pip_configuration()
    for pip_name, uv_name, separator in _PIP_TO_UV:
        if pip_name in configured:
            environment.setdefault(uv_name, separator.join(configured[pip_name].split()))
    # As pip does it: any index may hold a version. The hashes say which file is the right one.
    environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return environment


def pip_configuration() -> dict[str, str]:
    """Options of pip from its files and the environment, the strongest source of each."""
    strength = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in _output([PYTHON, "-m", "pip", "config", "list"]).splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.partition(".")
        rank = strength.get(section, -1)
        if rank >= found.get(name, (0, ""))[0]:
            found[name] = (rank, str(ast.literal_eval(value)))
    return {name: value for name, (_, value) in found.items()}


def pip_install(lock_file: Path) -> None:
    """Install a lock file by pip."""
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
    _run([PYTHON, "-m", "pip", "install", *options, "--requirement", lock_file])


def say(what: str) -> None:
    """One line of progress."""
    print(f"tollbook: {what}", flush=True)


def _version() -> list[str]:
    return list(map(str, sys.version_info[:2]))


def _run(command: list[str | Path], text: str = "") -> None:
    done = subprocess.run(command, cwd=ROOT, env=uv_environment(), input=text, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"tollbook: setup stopped, this failed: {' '.join(map(str, command))}")


def _output(command: list[str | Path]) -> str:
    """What the command writes; nothing when it cannot be started."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


if __name__ == "__main__":
    main()

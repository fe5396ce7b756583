"""What a process does not need it does not load: the time of a start, and memory, are mostly those of libraries."""

import subprocess
import sys

import pytest

from tests.support.processes import ROOT

_LARGE = ("alembic", "httpx", "jinja2", "pygments", "rich", "sqlalchemy", "yaml")
_PROGRAM = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""


@pytest.mark.parametrize(
    ("program", "wanted"),
    [
        ("services.ledger.__main__", {"sqlalchemy"}),
        # httpx loads rich for a command line of its own.
        ("services.telnyx_gateway.__main__", {"httpx", "pygments", "rich"}),
        ("services.reconciler.__main__", {"sqlalchemy"}),
        ("gateway.__main__", {"jinja2"}),
    ],
)
def test_a_start_loads_only_what_the_process_needs(program: str, wanted: set[str]) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", _PROGRAM, program, *_LARGE],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
    )
    assert set(loaded.stdout.split()) == wanted

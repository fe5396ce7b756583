"""Two processes on one SQLite file: the second refuses to start, whichever way it spells the path, and says why."""

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from services.common.process import EXIT_REFUSED
from tests.support.processes import RunningProcess, running_tollbook

_REFUSED_WITHIN_S = 60.0
_FILES = {"ledger": "ledger.db", "reconciler": "reconciler.db"}


def test_a_second_process_of_a_file_refuses_to_start_and_the_first_goes_on(tmp_path: Path) -> None:
    first_folder, second_folder = tmp_path / "first", tmp_path / "second"
    first_folder.mkdir()
    second_folder.mkdir()
    (second_folder / "link.db").symlink_to(Path("..", "first", "ledger.db"))
    other_names = {
        "LEDGER_DATABASE_URL": "sqlite:///link.db",
        "RECONCILER_DATABASE_URL": "sqlite:///../second/../first/reconciler.db",
    }
    with ExitStack() as stack:
        first = stack.enter_context(running_tollbook(first_folder, {}))
        second = stack.enter_context(running_tollbook(second_folder, other_names))
        for service in _FILES:
            first.start(service)
        refused = [second.begin(service) for service in _FILES]
        for process, file in zip(refused, _FILES.values(), strict=True):
            assert process.popen.wait(_REFUSED_WITHIN_S) == EXIT_REFUSED
            assert f"another process uses the SQLite file {first_folder / file}" in _refusal(process)
        # What documented SQL does beside the process that has the file.
        with closing(sqlite3.connect(f"file:{first_folder / 'ledger.db'}?mode=ro", uri=True)) as reader:
            assert reader.execute("SELECT count(*) FROM telnyx_calls").fetchone() == (0,)
        for service, file in _FILES.items():
            assert (first_folder / f"{file}-wal").exists()
            assert first.stop(service) == 0


def _refusal(process: RunningProcess) -> str:
    """Why it does not start."""
    [line] = [line for line in process.log_events() if line["event"] == "process.refused"]
    return str(line["message"])

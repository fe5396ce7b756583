"""What running processes have used, as Linux tells it in /proc."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


def tree_cpu_s(pid: int) -> float:
    """CPU time of a process, of everything it started, and of what of that has ended since."""
    return sum(stat.cpu_s + stat.ended_children_cpu_s for stat in _tree(pid))


def thread_cpu_s(pid: int) -> Mapping[str, float]:
    """CPU time of a process by the names of its threads, those of one name together; the first is called "main"."""
    used: defaultdict[str, float] = defaultdict(float)
    for task in (_PROC / str(pid) / "task").iterdir():
        stat = _read(task)
        if stat is not None:
            used["main" if stat.pid == pid else stat.name] += stat.cpu_s
    return used


def resident_mb(pid: int) -> float:
    """What a process holds in memory, in MB (10^6 bytes)."""
    pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    return pages * _PAGE_BYTES / 1e6


class _Stat:
    """One line of /proc/<pid>/stat (see `man 5 proc`)."""

    def __init__(self, line: str) -> None:
        # The name stands in brackets and may itself hold brackets and spaces.
        self.name = line[line.index("(") + 1 : line.rindex(")")]
        fields = line[line.rindex(")") + 2 :].split()
        self.pid = int(line.split(maxsplit=1)[0])
        self.parent_pid = int(fields[1])
        self.cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
        self.ended_children_cpu_s = (int(fields[13]) + int(fields[14])) / _TICKS_PER_S


def _tree(pid: int) -> Iterator[_Stat]:
    running = [stat for path in _PROC.glob("[0-9]*") if (stat := _read(path)) is not None]
    wanted = {pid}
    while True:
        grown = wanted | {stat.pid for stat in running if stat.parent_pid in wanted}
        if grown == wanted:
            break
        wanted = grown
    return (stat for stat in running if stat.pid in wanted)


def _read(folder: Path) -> _Stat | None:
    try:
        return _Stat((folder / "stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None

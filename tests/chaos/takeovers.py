"""What becomes of the work of a reconciler, a ledger or an edge that is killed or frozen while the others go on."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.support.fleet import Member
from tests.support.replicas import Replicas
from tests.support.waiting import wait_until

_TAKEOVER_S = 120.0
_POLL_S = 0.1
_AT_ONCE = 6
_ASKED_PATH = "/api/cron/process-call-costs"


@dataclass(slots=True)
class Takeovers:
    """How long it took until others had what was held by a process that was killed, or frozen."""

    lead_s: list[float] = field(default_factory=list)
    jobs_s: list[float] = field(default_factory=list)
    frozen_count: int = 0


def kill_leader(replicas: Replicas, seen: Takeovers) -> None:
    """Kill the reconciler that leads, and start it again once another has all that it held."""
    leader = replicas.leader()
    leader.tollbook.kill(leader.service)
    _time_takeover(replicas, leader, seen)
    leader.tollbook.start(leader.service)


def freeze_leader(replicas: Replicas, seen: Takeovers) -> None:
    """Freeze the reconciler that leads until another has all that it held; then let it go on."""
    leader = replicas.leader()
    replicas.freeze(leader)
    try:
        _time_takeover(replicas, leader, seen)
    finally:
        replicas.wake(leader)
    seen.frozen_count += 1


def kill(member: Member) -> None:
    """Kill a process and start it again."""
    member.tollbook.kill(member.service)
    member.tollbook.start(member.service)


def ask_all_at_once(replicas: Replicas) -> None:
    """Let several reconcilers attempt everything that is due, at the same time, as cron would."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for answer in threads.map(replicas.stack.http.get, [_ASKED_PATH] * _AT_ONCE):
            answer.raise_for_status()


def _time_takeover(replicas: Replicas, gone: Member, seen: Takeovers) -> None:
    begin_s = time.monotonic()
    held = replicas.rows.running()

    def has_new_leader() -> bool:
        return replicas.leading() not in (None, gone)

    def is_reclaimed() -> bool:
        return not held & replicas.rows.running()

    wait_until(has_new_leader, _TAKEOVER_S, "no other reconciler leads", _POLL_S)
    seen.lead_s.append(time.monotonic() - begin_s)
    wait_until(is_reclaimed, _TAKEOVER_S, "jobs are held by one that is gone", _POLL_S)
    seen.jobs_s.append(time.monotonic() - begin_s)

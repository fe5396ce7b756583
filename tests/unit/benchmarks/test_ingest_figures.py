"""Ratios and goals of the part ingest."""

from tests.benchmarks.ingest.figures import figures
from tests.benchmarks.ingest.names import NODE, ORM_COMMIT, POSTGRESQL, SQLITE, VERIFY_ONLY
from tests.benchmarks.ingest.run import Run
from tests.benchmarks.measured import Measured


def _run(acknowledged_per_s: float, kept_per_s: float, p99_ms: float = 50.0) -> Run:
    return Run(
        acknowledged_per_s=acknowledged_per_s,
        kept_per_s=kept_per_s,
        p50_ms=20.0,
        p99_ms=p99_ms,
        longest_ms=70.0,
        other_count=0,
        cpu_us={"edge": 110.0},
        generator_share=0.08,
    )


_RUNS = {
    (VERIFY_ONLY, 64): [_run(4000, 4000), _run(5000, 5000)],
    (SQLITE, 64): [_run(3600, 2000), _run(4000, 2500, p99_ms=80.0)],
    (POSTGRESQL, 64): [_run(3000, 1500), _run(3000, 1500)],
    (ORM_COMMIT, 64): [_run(200, 200), _run(250, 250)],
    (NODE, 64): [_run(1000, 1000), _run(1250, 1250)],
    (VERIFY_ONLY, 256): [_run(4000, 4000)],
    (SQLITE, 256): [_run(4100, 2000)],
}


def _figure(contestant: str, connections: int, name: str) -> Measured:
    found = [
        each
        for each in figures(_RUNS)
        if (each.subject, each.setting, each.name) == (contestant, f"{connections} connections", name)
    ]
    assert len(found) == 1
    return found[0]


def test_each_round_is_held_against_the_yardstick_of_the_same_round() -> None:
    ratio = _figure(SQLITE, 64, f"acknowledged, against {VERIFY_ONLY}")
    assert (ratio.values, ratio.at_least, ratio.is_reached) == ((0.9, 0.8), 0.85, True)


def test_every_goal_of_the_issue_is_held_against_its_own_ratio() -> None:
    goals = {(each.what, each.name): each.at_least for each in figures(_RUNS) if each.at_least}
    assert goals == {
        (f"{SQLITE}, 64 connections", f"acknowledged, against {VERIFY_ONLY}"): 0.85,
        (f"{SQLITE}, 64 connections", f"acknowledged, against {NODE}"): 3.0,
        (f"{SQLITE}, 64 connections", f"acknowledged, against {ORM_COMMIT}"): 10.0,
        (f"{POSTGRESQL}, 64 connections", f"acknowledged, against {NODE}"): 1.8,
        (f"{SQLITE}, 256 connections", f"acknowledged, against {VERIFY_ONLY}"): 1.0,
    }


def test_what_is_booked_is_told_beside_what_is_acknowledged() -> None:
    assert _figure(SQLITE, 64, "booked, to the last").values == (2000, 2500)
    assert _figure(SQLITE, 64, f"booked, against {NODE}").values == (2.0, 2.0)


def test_only_the_project_has_a_goal_for_its_p99() -> None:
    assert _figure(SQLITE, 64, "p99").is_reached is False
    assert _figure(VERIFY_ONLY, 64, "p99").is_reached is None
    assert _figure(SQLITE, 256, "p99").is_reached is None


def test_a_yardstick_that_did_not_run_leaves_no_ratio() -> None:
    assert not [each for each in figures(_RUNS) if each.setting == "256 connections" and NODE in each.name]

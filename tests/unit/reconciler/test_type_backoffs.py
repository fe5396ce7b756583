"""Failures of one type, and of all."""

from services.reconciler.type_backoffs import TypeBackoffs

NAMES = ("sip-trunking", "call-control", "recording", "amd")


def _failing(*names: str) -> TypeBackoffs:
    backoffs = TypeBackoffs(NAMES)
    for name in names:
        backoffs.failed(name, 0.0)
    return backoffs


def test_two_types_that_fail_wait_alone_however_often() -> None:
    backoffs = _failing("sip-trunking", "call-control", "sip-trunking", "call-control")
    assert not backoffs.is_over("sip-trunking", 0.0)
    assert backoffs.is_over("amd", 0.0)
    assert backoffs.begins(0.0)


def test_where_all_fail_one_asks_and_the_others_wait_for_its_outcome() -> None:
    backoffs = _failing(*NAMES[:3])
    assert not backoffs.is_over("amd", 0.9)
    assert not backoffs.begins(0.9)
    assert backoffs.is_over("amd", 1.0)
    assert backoffs.begins(1.0)
    assert not backoffs.begins(1.0)
    backoffs.failed("amd", 1.0)
    assert not backoffs.begins(2.9)
    assert backoffs.begins(3.0)


def test_all_are_asked_at_least_once_a_minute() -> None:
    backoffs = _failing(*NAMES)
    begun = [now_s for now_s in range(1_000) if backoffs.begins(now_s)]
    assert begun[:7] == [1, 3, 7, 15, 31, 63, 123]
    assert begun[-1] >= 940


def test_one_success_shows_that_the_failures_are_the_types_own() -> None:
    backoffs = _failing(*NAMES[:3])
    backoffs.succeeded("amd")
    assert backoffs.begins(0.0)
    assert not backoffs.is_over("recording", 0.0)
    backoffs.failed("recording", 0.0)
    assert backoffs.is_over("amd", 0.0)


def test_what_is_a_types_own_fault_holds_no_other_back() -> None:
    backoffs = TypeBackoffs(NAMES)
    for name in NAMES[:3]:
        backoffs.failed(name, 0.0, is_own=True)
    assert backoffs.is_over("amd", 0.0)
    assert not backoffs.is_over("recording", 0.0)

"""What the reconciler accepts from the environment."""

from pathlib import Path

import pytest

from services.common.process import EXIT_REFUSED
from services.common.settings import load_settings
from services.reconciler.settings import ReconcilerSettings

EXPECTED = "EXPECTED_RECORD_TYPES"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ReconcilerSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)


def test_the_defaults_of_the_design() -> None:
    settings = load_settings(ReconcilerSettings)
    assert settings.reconcile_delays_seconds == (5, 30, 60, 120, 240, 480, 960)
    assert settings.expected_record_types == ("sip-trunking", "call-control")
    assert settings.settle_horizon.total_seconds() == 86_400
    assert settings.sweep_interval.total_seconds() == 900


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("call-control", ("call-control",)),
        (" sip-trunking , recording ,", ("sip-trunking", "recording")),
        ("speech-to-text,stt", ("stt",)),
    ],
)
def test_expected_types_go_by_their_canonical_names(
    monkeypatch: pytest.MonkeyPatch, value: str, taken: tuple[str, ...]
) -> None:
    monkeypatch.setenv(EXPECTED, value)
    assert load_settings(ReconcilerSettings).expected_record_types == taken


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "must name at least one record type, such as sip-trunking,call-control"),
        (" ", "must name at least one record type, such as sip-trunking,call-control"),
        (",", "must name at least one record type, such as sip-trunking,call-control"),
        (" , ,", "must name at least one record type, such as sip-trunking,call-control"),
        ("sip-trunking,carrier-pigeon", "Telnyx has no such record type: carrier-pigeon"),
        ("SIP-TRUNKING", "Telnyx has no such record type: SIP-TRUNKING"),
    ],
)
def test_a_base_set_that_would_make_every_call_exact_or_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str, sentence: str
) -> None:
    monkeypatch.setenv(EXPECTED, value)
    with pytest.raises(SystemExit) as ended:
        load_settings(ReconcilerSettings)
    assert ended.value.code == EXIT_REFUSED
    assert capsys.readouterr().err == f"tollbook cannot start: {EXPECTED}: {sentence}\n"

"""What the ledger accepts from the environment."""

from pathlib import Path

import pytest

from services.common.process import EXIT_REFUSED
from services.common.settings import load_settings
from services.ledger.facts import Rules
from services.ledger.settings import LedgerSettings

EXPECTED = "EXPECTED_RECORD_TYPES"
RATE = "TELNYX_VOICE_RATE_PER_MIN"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in LedgerSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)


def test_the_defaults_are_the_rules_of_the_design() -> None:
    assert load_settings(LedgerSettings).rules() == Rules()


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
    assert load_settings(LedgerSettings).rules().base_types == taken


def test_a_rate_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RATE, "0.012345678")
    assert load_settings(LedgerSettings).rules().fallback_nanos_per_minute == 12_345_678


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (EXPECTED, "", "must name at least one record type, such as sip-trunking,call-control"),
        (EXPECTED, " , ,", "must name at least one record type, such as sip-trunking,call-control"),
        (EXPECTED, "sip-trunking,carrier-pigeon", "Telnyx has no such record type: carrier-pigeon"),
        (RATE, "cheap", "must be an amount per minute such as 0.015"),
        (RATE, "-0.01", "must be an amount per minute between 0 and 100"),
        (RATE, "101", "must be an amount per minute between 0 and 100"),
    ],
)
def test_what_would_falsify_every_cost_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    sentence: str,
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        load_settings(LedgerSettings)
    assert ended.value.code == EXIT_REFUSED
    told = capsys.readouterr().err
    assert variable in told
    assert sentence in told

"""Settings: where a value comes from, and what a wrong one says."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from services.common.addresses import Address, ListenAddress
from services.common.process import EXIT_REFUSED
from services.common.settings import TollbookSettings, load_settings, split_commas


class ExampleSettings(TollbookSettings):
    example_key: SecretStr | None = None
    example_listen: ListenAddress = Address("127.0.0.1", 1)
    example_delays: Annotated[tuple[int, ...], NoDecode, BeforeValidator(split_commas)] = (5, 30)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("EXAMPLE_KEY", "EXAMPLE_LISTEN", "EXAMPLE_DELAYS", "LOG_LEVEL", "LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_defaults_hold_where_nothing_or_an_empty_text_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", "")
    monkeypatch.setenv("EXAMPLE_DELAYS", "")
    settings = load_settings(ExampleSettings)
    assert settings.example_key is None
    assert settings.example_delays == (5, 30)


def _at_least_one(value: tuple[int, ...]) -> tuple[int, ...]:
    if not value:
        raise ValueError("must name one at least")
    return value


class StrictSettings(TollbookSettings):
    never_empty = frozenset({"example_delays"})

    example_key: SecretStr | None = None
    example_delays: Annotated[
        tuple[int, ...], NoDecode, BeforeValidator(split_commas), AfterValidator(_at_least_one)
    ] = (5, 30)


@pytest.mark.parametrize("dotenv", ["", "EXAMPLE_DELAYS=7"])
def test_an_empty_text_is_refused_where_it_could_be_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], dotenv: str
) -> None:
    (tmp_path / ".env").write_text(dotenv)
    monkeypatch.setenv("EXAMPLE_KEY", "")
    monkeypatch.setenv("EXAMPLE_DELAYS", "")
    with pytest.raises(SystemExit):
        load_settings(StrictSettings)
    assert capsys.readouterr().err == "tollbook cannot start: EXAMPLE_DELAYS: must name one at least\n"


def test_an_empty_text_in_dotenv_is_refused_unless_the_environment_has_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("EXAMPLE_DELAYS=\n")
    with pytest.raises(SystemExit):
        load_settings(StrictSettings)
    monkeypatch.setenv("EXAMPLE_DELAYS", "8")
    assert load_settings(StrictSettings).example_delays == (8,)


def test_what_must_not_be_empty_may_still_be_left_out() -> None:
    assert load_settings(StrictSettings).example_delays == (5, 30)


def test_values_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_LISTEN", "[::1]:0")
    monkeypatch.setenv("EXAMPLE_DELAYS", "1, 2,")
    settings = load_settings(ExampleSettings)
    assert settings.example_listen == Address("::1", 0)
    assert settings.example_delays == (1, 2)


def test_a_file_gives_a_value_without_its_line_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("KEYsynthetic\n")
    monkeypatch.setenv("EXAMPLE_KEY_FILE", str(tmp_path / "key"))
    key = load_settings(ExampleSettings).example_key
    assert key is not None
    assert key.get_secret_value() == "KEYsynthetic"


def test_the_environment_wins_over_dotenv_also_through_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("EXAMPLE_DELAYS=7\nEXAMPLE_LISTEN=localhost:7\nUNKNOWN=1\n")
    (tmp_path / "delays").write_text("8")
    monkeypatch.setenv("EXAMPLE_DELAYS_FILE", str(tmp_path / "delays"))
    settings = load_settings(ExampleSettings)
    assert settings.example_delays == (8,)
    assert settings.example_listen == Address("localhost", 7)


def test_dotenv_can_name_a_file(tmp_path: Path) -> None:
    (tmp_path / "delays").write_text("9")
    (tmp_path / ".env").write_text(f"EXAMPLE_DELAYS_FILE={tmp_path / 'delays'}\n")
    assert load_settings(ExampleSettings).example_delays == (9,)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("EXAMPLE_LISTEN", "hush-50051"),
        ("EXAMPLE_LISTEN", "localhost:hush"),
        ("EXAMPLE_DELAYS", "hush"),
        ("LOG_LEVEL", "hush"),
        ("EXAMPLE_KEY_FILE", "/nonexistent/hush"),
    ],
)
def test_a_wrong_value_ends_the_process_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        load_settings(ExampleSettings)
    assert ended.value.code == EXIT_REFUSED
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"tollbook cannot start: {variable}: ")
    assert "hush" not in complaint
    assert "Traceback" not in complaint


@pytest.mark.parametrize(
    "text", ["", ":1", "localhost", "localhost:", "localhost:-1", "localhost:65536", "a:\uff11"]
)
def test_an_address_needs_a_host_and_a_port(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_LISTEN", text or " ")
    with pytest.raises(SystemExit):
        load_settings(ExampleSettings)

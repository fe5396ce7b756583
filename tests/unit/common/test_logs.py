"""Logs: one JSON object per line, without secrets and phone numbers."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from services.common.logs import configure_logs
from services.common.phone_masks import mask_number, mask_numbers
from services.common.settings import TollbookSettings

NUMBER = "+12025550131"
SECRET = "KEYsynthetic0123"

Lines = Callable[[], list[dict[str, Any]]]


class ExampleSettings(TollbookSettings):
    example_key: SecretStr = SecretStr(SECRET)
    example_database_url: str = "postgresql://book:hushword@localhost/book"


@pytest.fixture
def start(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], Lines]]:
    """Configures JSON logs when called (pytest sets handlers between fixtures and test) and gives their reader."""
    root, ours = logging.getLogger(), logging.getLogger("tollbook")
    handlers, level, ours_level = list(root.handlers), root.level, ours.level

    def begin() -> Lines:
        configure_logs(ExampleSettings(log_format="json"), "ledger")
        return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    yield begin
    root.handlers = handlers
    root.setLevel(level)
    ours.setLevel(ours_level)
    logging.getLogger("uvicorn.access").disabled = False
    structlog.reset_defaults()


def test_a_line_carries_event_service_level_time_and_trace(start: Callable[[], Lines]) -> None:
    lines = start()
    with structlog.contextvars.bound_contextvars(trace_id="t-1"):
        structlog.get_logger().info("events.recorded", count=3)
    (line,) = lines()
    stamp = line.pop("timestamp")
    assert stamp.endswith("Z")
    assert line == {
        "event": "events.recorded", "service": "ledger", "level": "info", "trace_id": "t-1", "count": 3
    }  # fmt: skip


def test_lines_below_the_level_are_not_written(start: Callable[[], Lines]) -> None:
    lines = start()
    structlog.get_logger().debug("events.recorded")
    assert lines() == []


def test_secrets_and_numbers_are_cut_out_of_every_field(start: Callable[[], Lines]) -> None:
    lines = start()
    structlog.get_logger().info(
        "call.seen", message=f"{NUMBER} with {SECRET}", legs=[{"to": NUMBER}], url="x://hushword@"
    )
    (line,) = lines()
    assert line["message"] == "+1202***0131 with ***"
    assert line["legs"] == [{"to": "+1202***0131"}]
    assert line["url"] == "x://***@"


def test_a_traceback_shows_no_local_variables_and_no_secret(start: Callable[[], Lines]) -> None:
    lines = start()
    hidden_local = "local-value-of-a-frame"
    try:
        raise RuntimeError(f"refused {SECRET} {len(hidden_local)}")
    except RuntimeError:
        structlog.get_logger().exception("rpc.failed")
    (line,) = lines()
    text = json.dumps(line)
    assert line["exception"][0]["exc_type"] == "RuntimeError"
    assert SECRET not in text
    assert hidden_local not in text


def test_other_libraries_speak_from_warning_up_in_the_same_form(start: Callable[[], Lines]) -> None:
    lines = start()
    logging.getLogger("alembic.runtime").info("quiet")
    logging.getLogger("grpc").warning("lost %s", NUMBER)
    (line,) = lines()
    assert (line["event"], line["library"], line["message"]) == (
        "library.logged",
        "grpc",
        "lost +1202***0131",
    )


def test_the_console_form_is_for_people(
    capsys: pytest.CaptureFixture[str], start: Callable[[], Lines]
) -> None:
    start()
    configure_logs(ExampleSettings(log_format="console"), "ledger")
    structlog.get_logger("x").warning("events.recorded", message=f"to {NUMBER}")
    written = capsys.readouterr().out
    assert "events.recorded" in written
    assert "+1202***0131" in written
    assert sys.stdout.isatty() is False


@pytest.mark.parametrize(
    ("number", "masked"),
    [(NUMBER, "+1202***0131"), ("", "***"), ("12345", "***"), ("sip:agent@example.test", "sip:a***test")],
)
def test_masking(number: str, masked: str) -> None:
    assert mask_number(number) == masked


def test_every_number_in_a_sentence_is_masked() -> None:
    assert mask_numbers(f"from {NUMBER} to +12025550199, cost 0.0051") == (
        "from +1202***0131 to +1202***0199, cost 0.0051"
    )

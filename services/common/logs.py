"""Logs: JSON lines on stdout, or a readable console; no secret and no full phone number in any of them."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from pydantic import SecretStr
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from services.common.phone_masks import mask_numbers
from services.common.settings import TollbookSettings

TRACE_ID = "trace_id"
"""The context variable (structlog.contextvars) and log field that ties together what one request caused."""

_LOGGER = logging.getLogger("tollbook")
_SHORTEST_SECRET = 4
_MASK: Final = "***"


def configure_logs(settings: TollbookSettings, service: str) -> None:
    """Set up structlog and the standard library's logging for this process.

    Every line has `event` (noun.verb), `service`, `level`, `timestamp`, and `trace_id` where one is bound; text for
    people goes into `message`. The values of all SecretStr settings, and passwords inside URLs, are cut out of
    every line.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _name_foreign_event],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _Stamp(service),
            *_renderers(settings, _Redactor(_secrets_of(settings))),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    _LOGGER.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=_logger_factory,
        cache_logger_on_first_use=True,
    )


def writes_debug_lines() -> bool:
    """Whether debug lines are written: a busy path asks before it makes one."""
    return _LOGGER.isEnabledFor(logging.DEBUG)


def _logger_factory(*_: Any) -> logging.Logger:
    return _LOGGER


def _renderers(settings: TollbookSettings, redact: Processor) -> list[Processor]:
    log_format = settings.log_format or ("console" if sys.stdout.isatty() else "json")
    if log_format == "console":
        plain = structlog.dev.plain_traceback
        return [redact, structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]
    # Local variables in a traceback would carry keys and message texts.
    tracebacks = ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(tracebacks), redact, structlog.processors.JSONRenderer()]


def _name_foreign_event(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A line of another library: its text is the message, not an event name."""
    del logger, method
    record: logging.LogRecord = line["_record"]
    line["message"] = line.pop("event")
    line["event"] = "library.logged"
    line["library"] = record.name
    return line


class _Stamp:
    """Puts the name of the service on every line."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        del logger, method
        line["service"] = self._service
        return line


class _Redactor:
    """The last look at a line before it is written: cuts out known secrets and masks phone numbers."""

    def __init__(self, secrets: frozenset[str]) -> None:
        longest_first = sorted(secrets, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if secrets else None

    def __call__(self, logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        del logger, method
        return {key: self._clean(value) for key, value in line.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            if self._secrets is not None:
                value = self._secrets.sub(_MASK, value)
            return mask_numbers(value)
        if isinstance(value, dict):
            return {key: self._clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(item) for item in value]
        return value


def _secrets_of(settings: TollbookSettings) -> frozenset[str]:
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, SecretStr):
                found.add(item.get_secret_value())
            elif isinstance(item, str) and "://" in item:
                found.add(urlsplit(item).password or "")
    return frozenset(secret for secret in found if len(secret) >= _SHORTEST_SECRET)

"""Work that the ledger's process does again and again beside its calls."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from services.common.errors import TollbookError

_log = structlog.get_logger()


async def keep_doing(name: str, work: Callable[[], Awaitable[object]], pause_s: float) -> None:
    """Do the work now and after each pause; never ends. A failure is logged as `<name>.failed` and tried again."""
    while True:
        try:
            await work()
        except TollbookError as error:
            _log.warning(f"{name}.failed", message=error.detail)
        except Exception:  # noqa: BLE001 - it must go on, whatever it was
            _log.exception(f"{name}.failed", message="an unexpected failure; it is tried again")
        await asyncio.sleep(pause_s)

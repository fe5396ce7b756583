"""`python -m tests.sandbox`: the sandbox as a process. Prints one JSON line when it listens."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

import msgspec

from tests.sandbox.server import Sandbox
from tests.sandbox.settings import Faults, Settings

_TRAFFIC_FAULTS: dict[str, object] = {"record_delay_min_s": 3.0, "record_delay_max_s": 20.0}
# A small business whose account tops itself up about once a week.
_TRAFFIC_SETTINGS: dict[str, object] = {
    "opening_balance": "13.00",
    "monthly_charge": "6.00",
    "tax_percent": "8",
    "recharge_below": "10",
    "recharge_amount": "5.00",
    "call_cost_in_webhooks": "true",
}


def read_arguments(arguments: Sequence[str]) -> tuple[Settings, int, bool]:
    """Settings, port, and whether there is traffic. Every field of Settings and Faults is an option of its name."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--traffic", action="store_true", help="a month of history, then live traffic")
    for struct in (Settings, Faults):
        for field in msgspec.structs.fields(struct):
            if field.name != "faults":
                parser.add_argument(
                    f"--{field.name.replace('_', '-')}", default=argparse.SUPPRESS, help=_help(field)
                )
    given = vars(parser.parse_args(arguments))
    port, traffic = given.pop("port"), given.pop("traffic")
    fault_names = {field.name for field in msgspec.structs.fields(Faults)}
    faults = {name: given.pop(name) for name in fault_names & set(given)}
    faults = (_TRAFFIC_FAULTS if traffic else {}) | {
        name: _split(name, text) for name, text in faults.items()
    }
    given = (_TRAFFIC_SETTINGS if traffic else {}) | {
        name: _split(name, text) for name, text in given.items()
    }
    given |= {"faults": faults}
    try:
        return msgspec.convert(given, Settings, strict=False), port, traffic
    except msgspec.ValidationError as error:
        parser.error(str(error))


async def serve(settings: Settings, port: int, *, traffic: bool) -> None:
    """Until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with Sandbox(settings, port=port) as sandbox:
        if traffic:
            sandbox.start_traffic()
        ready = {
            "event": "sandbox.ready",
            "base_url": sandbox.base_url,
            "public_key": sandbox.public_key,
            "api_key": settings.account_key,
            "other_api_key": settings.empty_account_key,
        }
        sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
        sys.stdout.flush()
        await ended.wait()


def _split(name: str, text: object) -> object:
    """Options that take several values take them with commas."""
    is_list = name in {"api_fault_kinds", "webhook_retry_delays_s", "report_missing_columns"}
    return str(text).split(",") if is_list else text


def _help(field: msgspec.structs.FieldInfo) -> str:
    return f"default: {field.default!r}" if field.default is not msgspec.NODEFAULT else ""


def main() -> None:
    settings, port, traffic = read_arguments(sys.argv[1:])
    asyncio.run(serve(settings, port, traffic=traffic))


if __name__ == "__main__":
    main()

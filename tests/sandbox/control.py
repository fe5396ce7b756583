"""The remote control of a sandbox, under `/_sandbox/`: no key, JSON in and out. For tests across processes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.sandbox.account import Created
from tests.sandbox.answers import json_answer
from tests.sandbox.bill import true_bill
from tests.sandbox.call_cost import CallCost
from tests.sandbox.control_requests import (
    Booking,
    Creation,
    Injection,
    Oddity,
    Past,
    RawWebhook,
    Revision,
    Switch,
    Vanishing,
    Wait,
)
from tests.sandbox.core import Core
from tests.sandbox.settings import Faults, changed
from tests.sandbox.traffic import make_history

_T = TypeVar("_T")


class Control:
    """One endpoint per verb of the sandbox. A request that cannot be read is answered 400 with the reason."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def routes(self) -> list[Route]:
        endpoints = (
            ("POST", "create", self._create),
            ("POST", "deliver", self._deliver),
            ("POST", "wait", self._wait),
            ("POST", "reveal", self._reveal),
            ("POST", "revise", self._revise),
            ("POST", "inject", self._inject),
            ("POST", "odd", self._odd),
            ("POST", "vanish", self._vanish),
            ("POST", "book", self._book),
            ("POST", "history", self._history),
            ("POST", "send", self._send),
            ("PUT", "faults", self._set_faults),
            ("DELETE", "faults", self._clear_faults),
            ("PUT", "outage", self._set_outage),
            ("POST", "rotate_key", self._rotate_key),
            ("GET", "bill", self._bill),
            ("GET", "public_key", self._public_key),
            ("GET", "counts", self._counts),
            ("GET", "acknowledged", self._acknowledged),
        )
        return [
            Route(f"/_sandbox/{path}", _answered(verb), methods=[method]) for method, path, verb in endpoints
        ]

    async def _create(self, body: bytes) -> object:
        wanted = _read(body, Creation)
        made = self._core.create(
            wanted.kind,
            wanted.count,
            ended_ago_s=wanted.ended_ago_s,
            deliver=wanted.deliver,
            visible_at_once=wanted.visible_at_once,
            call_cost=CallCost(wanted.call_cost, wanted.call_cost_form) if wanted.call_cost else None,
        )
        return {"created": [_summary(created) for created in made]}

    async def _deliver(self, _: bytes) -> object:
        return {"delivering": self._core.deliver_held()}

    async def _wait(self, body: bytes) -> object:
        return {"idle": await self._core.deliverer.wait_idle(_read(body, Wait).timeout_s)}

    async def _reveal(self, _: bytes) -> object:
        return {"revealed": self._core.account.reveal()}

    async def _revise(self, body: bytes) -> object:
        revision = _read(body, Revision)
        try:
            self._core.account.revise(revision.record_type, revision.record_id, revision.amount)
        except KeyError:
            raise ValueError(f"no {revision.record_type} record {revision.record_id}") from None
        return {}

    async def _inject(self, body: bytes) -> object:
        injection = _read(body, Injection)
        try:
            record = self._core.account.inject(injection.record_type, injection.fields, injection.charge)
        except KeyError:
            raise ValueError(f"unknown record type {injection.record_type}") from None
        return {"record_type": record.type.name, "record_id": record.record_id}

    async def _odd(self, body: bytes) -> object:
        record = self._core.account.make_odd(_read(body, Oddity).kind)
        return {"record_type": record.type.name, "record_id": record.record_id, "fields": record.fields}

    async def _vanish(self, body: bytes) -> object:
        wanted = _read(body, Vanishing)
        try:
            self._core.account.vanish(wanted.record_type, wanted.record_id, everywhere=wanted.everywhere)
        except KeyError:
            raise ValueError(f"no {wanted.record_type} record {wanted.record_id}") from None
        return {}

    async def _book(self, body: bytes) -> object:
        wanted, account = _read(body, Booking), self._core.account
        at = account.clock() - timedelta(seconds=wanted.ago_s)
        account.finances.book(wanted.kind, wanted.amount, at, wanted.description)
        return {"balance": str(account.balance())}

    async def _history(self, body: bytes) -> object:
        make_history(self._core.account, _read(body, Past).days)
        return {"activities": len(self._core.account.activities)}

    async def _send(self, body: bytes) -> object:
        webhook = _read(body, RawWebhook)
        self._core.deliverer.send_raw(webhook.product, webhook.body.encode())
        return {}

    async def _set_faults(self, body: bytes) -> object:
        self._core.account.faults = changed(self._core.account.faults, _read(body, dict[str, object]))
        return self._core.account.faults

    async def _clear_faults(self, _: bytes) -> object:
        """All of them off."""
        self._core.account.faults = Faults()
        return self._core.account.faults

    async def _set_outage(self, body: bytes) -> object:
        self._core.api.is_out = _read(body, Switch).on
        return {"on": self._core.api.is_out}

    async def _rotate_key(self, _: bytes) -> object:
        return {"api_key": self._core.api.rotate_key()}

    async def _bill(self, _: bytes) -> object:
        return true_bill(self._core.account)

    async def _public_key(self, _: bytes) -> object:
        return {"public_key": self._core.signer.public_key}

    async def _counts(self, _: bytes) -> object:
        return {
            "requests": self._core.api.requests,
            "refusals": self._core.api.refusals,
            "webhooks": self._core.deliverer.counts,
            "activities": len(self._core.account.activities),
        }

    async def _acknowledged(self, _: bytes) -> object:
        return {"event_ids": self._core.account.deliveries.taken_ids()}


def _answered(verb: Callable[[bytes], Awaitable[object]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return json_answer(await verb(await request.body()))
        except (ValueError, msgspec.DecodeError) as error:
            return json_answer({"error": str(error)}, 400)

    return endpoint


def _read(body: bytes, kind: type[_T]) -> _T:
    return msgspec.json.decode(body or b"{}", type=kind)


def _summary(created: Created) -> dict[str, object]:
    activity = created.activity
    return {
        "category": activity.category,
        "kind": activity.kind,
        "key": activity.key,
        "legs": [
            {
                "call_control_id": leg.call_control_id,
                "call_leg_id": leg.call_leg_id,
                "announced": leg.announced,
            }
            for leg in activity.legs
        ],
        "records": [{"record_type": r.type.name, "record_id": r.record_id} for r in activity.records],
    }

"""The usual way: each webhook verified, parsed, and committed by itself through the ORM, to SQLite with WAL and FULL.

`python -m tests.benchmarks.yardsticks.orm_commit PORT PUBLIC_KEY DATABASE_URL`

It keeps the event, the call as it stands, and what a hang-up or a cost adds to the bill: nothing of Tollbook's rules.
"""

import base64
import sys
from typing import Any

import msgspec
from nacl.signing import VerifyKey
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, select
from starlette.requests import Request
from starlette.responses import Response

from services.common.database import open_database
from tests.benchmarks.yardsticks.serving import OK, serve, webhook_route
from tests.benchmarks.yardsticks.signed_requests import read_signed


class _Base(SQLModel, registry=registry()):
    """Tables apart from Tollbook's own."""


class BenchEvent(_Base, table=True):
    """A webhook as it came."""

    event_id: str = Field(primary_key=True)
    event_type: str
    occurred_at: str
    body: bytes


class BenchCall(_Base, table=True):
    """A call as it stands."""

    id: int | None = Field(default=None, primary_key=True)
    call_control_id: str = Field(unique=True)
    session_id: str
    status: str
    from_number: str = ""
    to_number: str = ""


class BenchCharge(_Base, table=True):
    """A line of the bill."""

    id: int | None = Field(default=None, primary_key=True)
    call_control_id: str = Field(index=True)
    cost: str
    billed_at: str


def main() -> None:
    """Serve until the process is ended."""
    key = VerifyKey(base64.b64decode(sys.argv[2]))
    database = open_database(sys.argv[3])
    _Base.metadata.create_all(database.writer)
    decode = msgspec.json.Decoder().decode

    async def take(request: Request) -> Response:
        body = await read_signed(request, key)
        # In the loop's own thread: a hop to another and back would only add to it, for SQLite has one writer.
        with Session(database.writer) as session:
            _keep(session, decode(body)["data"], body)
            session.commit()
        return OK

    serve(webhook_route(take), int(sys.argv[1]))


def _keep(session: Session, event: dict[str, Any], body: bytes) -> None:
    event_type, payload = event["event_type"], event["payload"]
    call_control_id = payload["call_control_id"]
    session.add(
        BenchEvent(event_id=event["id"], event_type=event_type, occurred_at=event["occurred_at"], body=body)
    )
    call = session.exec(select(BenchCall).where(BenchCall.call_control_id == call_control_id)).first()
    if call is None:
        call = BenchCall(
            call_control_id=call_control_id, session_id=payload["call_session_id"], status="initiated"
        )
    call.status = event_type.removeprefix("call.")
    call.from_number = payload.get("from", call.from_number)
    call.to_number = payload.get("to", call.to_number)
    session.add(call)
    if event_type in ("call.hangup", "call.cost"):
        cost = payload.get("total_cost", "0.015")
        session.add(BenchCharge(call_control_id=call_control_id, cost=cost, billed_at=event["occurred_at"]))


if __name__ == "__main__":
    main()

"""The webhooks that the load generator sends, and how it reads answers."""

import random
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from gateway.signature import Verdict, judge, read_public_key
from services.telnyx_vocabulary.webhook_events import read_event
from tests.benchmarks.load.connection import Answers, Connection, Work
from tests.benchmarks.load.deliveries import deliveries, read_of, read_requests, write_requests
from tests.support.telnyx_signer import TelnyxSigner

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _deliveries(count: int, signer: TelnyxSigner | None = None) -> list[bytes]:
    return list(deliveries(signer or TelnyxSigner(), random.Random(1), count, _NOW))


def _body(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


def test_every_webhook_is_signed_and_read_without_complaint() -> None:
    signer = TelnyxSigner()
    key = read_public_key(signer.public_key)
    for request in _deliveries(2500, signer):
        head, _, body = request.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        signature, timestamp = fields[b"telnyx-signature-ed25519"], fields[b"telnyx-timestamp"]
        assert judge([key], signature, timestamp, body, _NOW) is Verdict.FRESH
        assert int(fields[b"content-length"]) == len(body)
        assert read_event(body, _NOW, False).unreadable == ()


def test_every_call_is_a_session_of_its_own_with_its_webhooks_in_order() -> None:
    told: dict[str, list[str]] = defaultdict(list)
    ids = set()
    for request in _deliveries(4000):
        event = msgspec.json.decode(_body(request))["data"]
        told[event["payload"]["call_session_id"]].append(event["event_type"])
        ids.add(event["id"])
    assert len(ids) == 4000
    stories = {tuple(types) for types in told.values()}
    whole = ("call.initiated", "call.answered", "call.hangup", "call.cost")
    assert stories == {whole[:length] for length in (1, 2, 3, 4)}


def test_requests_come_back_from_the_file_as_they_were_written(tmp_path: Path) -> None:
    requests = [*_deliveries(3), read_of("/billing")]
    write_requests(tmp_path / "requests", requests)
    assert read_requests(tmp_path / "requests") == requests


class _Transport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(
    "chunks",
    [
        [b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"success":true}'],
        [b"HTTP/1.1 200 OK\r\ncontent-le", b'ngth: 16\r\n\r\n{"success"', b":true}"],
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbook\r\n", b"0\r\n\r\n"],
    ],
)
async def test_the_next_request_goes_when_the_whole_answer_is_there(chunks: list[bytes]) -> None:
    answers = Answers()
    connection = Connection(Work(iter([b"first", b"second"]), answers, 0.0, lambda: False), b"")
    transport = _Transport()
    connection.connection_made(transport)  # type: ignore[arg-type] # as much of one as it uses
    for chunk in chunks:
        assert transport.written == [b"first"]
        connection.data_received(chunk)
    assert transport.written == [b"first", b"second"]
    assert answers.status == [200]
    assert not answers.has_run_out
    connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    assert transport.is_closed
    assert answers.has_run_out


async def test_what_is_refused_is_sent_again_when_it_was_told_to_come_back() -> None:
    answers = Answers()
    connection = Connection(Work(iter([b"first", b"second"]), answers, 0.0, lambda: False), b"")
    transport = _Transport()
    connection.connection_made(transport)  # type: ignore[arg-type] # as much of one as it uses
    connection.data_received(
        b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n"
    )
    assert transport.written == [b"first"]
    assert (connection.request, answers.status, answers.refused_without_delay) == (b"first", [503], 0)
    connection.connection_lost(None)
    assert connection.ended.done()
    assert answers.status == [503]


async def test_when_the_time_is_over_nothing_more_is_sent() -> None:
    answers = Answers()
    connection = Connection(Work(iter([b"first"]), answers, 0.0, lambda: True), b"")
    transport = _Transport()
    connection.connection_made(transport)  # type: ignore[arg-type] # as much of one as it uses
    assert transport.written == []
    assert transport.is_closed
    assert not answers.has_run_out

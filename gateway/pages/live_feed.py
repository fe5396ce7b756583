"""The ledger's feed, shared by everyone who watches a page.

However many watch, the ledger is asked once, and only while anybody watches. A viewer is not told what changed, only
that something did: what it shows depends on its filter, and the page asks for itself again. So a viewer that is slow
misses nothing, and nothing has to be kept for it but one flag.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
import structlog

from gateway.metrics import LIVE_VIEWERS
from tollbook.ledger.v1.ledger_pb2 import WatchChargesRequest, WatchChargesResponse

MOST_VIEWERS = 256

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0
_POSITION_REFUSED = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.OUT_OF_RANGE,
)
_log = structlog.get_logger()

ChangeStream = grpc.aio.UnaryStreamCall[WatchChargesRequest, WatchChargesResponse]
Watch = Callable[[WatchChargesRequest], ChangeStream]
"""Opens the ledger's stream, which raises AioRpcError when it breaks."""


class TooManyViewers(Exception):
    """The feed has as many viewers as it takes."""


class FeedClosed(Exception):
    """The process is about to end."""


class Viewer:
    """One who watches: whether the feed is up, and whether something changed since it was last asked.

    `is_live` is None until it is known.
    """

    def __init__(self, *, is_live: bool | None) -> None:
        self.is_live = is_live
        self.is_closed = False
        # What is on the page may have changed before it began to watch.
        self._has_changes = True
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        if is_live is not None:
            self._news.set()

    def tell(self, *, is_live: bool | None, has_changes: bool) -> None:
        """Something is new."""
        self.is_live = is_live
        self._has_changes = self._has_changes or has_changes
        self._news.set()

    def close(self) -> None:
        """Nothing more will come."""
        self.is_closed = True
        self._closing.set()
        self._news.set()

    def take_changes(self) -> bool:
        """Whether something changed; asked again, only if it did since."""
        has_changes, self._has_changes = self._has_changes, False
        return has_changes

    async def wait(self, timeout_s: float) -> bool:
        """Return once something is new, True, or after `timeout_s`, False."""
        is_new = await _is_set(self._news, timeout_s)
        self._news.clear()
        return is_new

    async def pause(self, seconds: float) -> None:
        """Let time pass, unless there is nothing left to wait for."""
        await _is_set(self._closing, seconds)


async def _is_set(event: asyncio.Event, timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            return await event.wait()
    except TimeoutError:
        return False


class LiveFeed:
    """One stream to the ledger for any number of viewers."""

    def __init__(self, watch: Watch, *, most_viewers: int = MOST_VIEWERS) -> None:
        self._watch = watch
        self._most_viewers = most_viewers
        self._viewers: set[Viewer] = set()
        self._task: asyncio.Task[None] | None = None
        self._position = ""
        self._is_live: bool | None = None
        self._is_closed = False

    @property
    def viewer_count(self) -> int:
        """How many watch now."""
        return len(self._viewers)

    @contextmanager
    def viewer(self) -> Iterator[Viewer]:
        """Watch while the context is open. Raises TooManyViewers and FeedClosed."""
        if self._is_closed:
            raise FeedClosed
        if len(self._viewers) >= self._most_viewers:
            raise TooManyViewers
        viewer = Viewer(is_live=self._is_live)
        self._viewers.add(viewer)
        LIVE_VIEWERS.inc()
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name="live-feed")
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)
            LIVE_VIEWERS.dec()
            if not self._viewers:
                self._stop()

    def close(self) -> None:
        """End every viewer's stream; there will be no new ones."""
        self._is_closed = True
        for viewer in self._viewers:
            viewer.close()
        self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = None
        self._position = ""
        self._is_live = None

    async def _follow(self) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            changes = self._watch(WatchChargesRequest(position=self._position))
            try:
                async for answer in changes:
                    wait_s = _FIRST_WAIT_S
                    self._take(answer)
            except grpc.aio.AioRpcError as error:
                self._lose(error)
            finally:
                changes.cancel()
            # Spread, so that the edges of a restarted ledger do not all come back at the same moment.
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))  # noqa: S311
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _take(self, answer: WatchChargesResponse) -> None:
        # Without a position to go on from, whatever happened before this answer went unseen.
        has_changes = bool(answer.charges) or not self._position
        self._position = answer.position
        self._is_live = True
        self._tell_all(has_changes=has_changes)

    def _lose(self, error: grpc.aio.AioRpcError) -> None:
        code = error.code()
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return  # the stream's own limit of time: it goes on from where it was
        if code in _POSITION_REFUSED:
            self._position = ""
        if self._is_live:
            _log.warning("live_feed.lost", code=code.name)
        self._is_live = False
        self._tell_all(has_changes=False)

    def _tell_all(self, *, has_changes: bool) -> None:
        for viewer in self._viewers:
            viewer.tell(is_live=self._is_live, has_changes=has_changes)

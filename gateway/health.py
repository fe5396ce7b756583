"""`/healthz`: the process lives. `/readyz`: a webhook would be taken, and what has stopped beside that."""

import asyncio
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.access import Access, Need
from gateway.backends import Backends
from gateway.exact_response import ExactJson
from gateway.freshness_watch import FreshnessWatch
from gateway.public_keys import PublicKeys
from services.common.freshness.symptom import DISK_FULL, Symptom
from services.common.times import format_rfc3339


class Health:
    """The two health endpoints of the edge."""

    def __init__(
        self,
        backends: Backends,
        keys: PublicKeys,
        watch: FreshnessWatch,
        access: Access,
        is_leaving: asyncio.Event,
    ) -> None:
        self._backends = backends
        self._keys = keys
        self._watch = watch
        self._access = access
        self._is_leaving = is_leaving

    async def healthz(self, _: Request) -> Response:
        """200 as long as the process answers at all."""
        return ExactJson({"status": "ok"})

    async def readyz(self, request: Request) -> Response:
        """200 when the ledger serves and has room, Telnyx's public key is known, and this edge stays; else 503.

        What else has stopped changes nothing about that. With API_KEYS its sentences are for who may read.
        """
        checks = {
            "ledger": await self._backends.ledger_serves(),
            "disk": all(symptom.name != DISK_FULL for symptom in self._watch.symptoms),
            "publicKeys": bool(self._keys.current),
            # Until it is gone it takes webhooks all the same, from those who have not looked here yet.
            "staying": not self._is_leaving.is_set(),
        }
        is_ready = all(checks.values())
        is_reader = self._access.allows(Need.READ, request.scope["headers"])
        content = {
            "status": "ready" if is_ready else "not ready",
            "checks": checks,
            "warnings": [_warning(symptom, is_reader=is_reader) for symptom in self._watch.symptoms],
            "lookedAt": _second(self._watch.looked_at) if self._watch.looked_at else None,
        }
        return ExactJson(content, status_code=200 if is_ready else 503)


def _warning(symptom: Symptom, *, is_reader: bool) -> dict[str, Any]:
    told = {"name": symptom.name, "since": _second(symptom.since)}
    return told | {"finding": symptom.finding, "advice": symptom.advice} if is_reader else told


def _second(moment: datetime) -> str:
    return format_rfc3339(moment.replace(microsecond=0))

"""`/healthz`: the process lives. `/readyz`: a webhook would be taken."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.backends import Backends
from gateway.exact_response import ExactJson
from gateway.public_keys import PublicKeys


class Health:
    """The two health endpoints of the edge."""

    def __init__(self, backends: Backends, keys: PublicKeys) -> None:
        self._backends = backends
        self._keys = keys

    async def healthz(self, _: Request) -> Response:
        """200 as long as the process answers at all."""
        return ExactJson({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """200 when the ledger serves and Telnyx's public key is known, else 503; either way what of it holds."""
        checks = {"ledger": await self._backends.ledger_serves(), "publicKeys": bool(self._keys.current)}
        is_ready = all(checks.values())
        content = {"status": "ready" if is_ready else "not ready", "checks": checks}
        return ExactJson(content, status_code=200 if is_ready else 503)

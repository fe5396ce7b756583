"""The contract as an OpenAPI 3.1 document: written by hand in openapi.yaml, served as JSON."""

from functools import cached_property
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_SOURCE = Path(__file__).with_name("openapi.yaml")


class OpenApi:
    """Serves the document, converted once, when it is first asked for: no start has to wait for it."""

    @cached_property
    def _body(self) -> bytes:
        import yaml  # noqa: PLC0415 - few ask for the document, and the library is large

        return msgspec.json.encode(yaml.load(_SOURCE.read_text("utf-8"), yaml.CSafeLoader))

    async def show(self, _: Request) -> Response:
        """The whole document."""
        return Response(self._body, media_type="application/json")

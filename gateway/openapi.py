"""The contract as an OpenAPI 3.1 document: written by hand in openapi.yaml, served as JSON."""

from pathlib import Path

import msgspec
import yaml
from starlette.requests import Request
from starlette.responses import Response

_SOURCE = Path(__file__).with_name("openapi.yaml")


class OpenApi:
    """Serves the document, converted once."""

    def __init__(self) -> None:
        self._body = msgspec.json.encode(yaml.safe_load(_SOURCE.read_text("utf-8")))

    async def show(self, _: Request) -> Response:
        """The whole document."""
        return Response(self._body, media_type="application/json")

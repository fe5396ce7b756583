"""The files of the pages: named by their content, so that a browser may keep them for ever and never shows old ones."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).with_name("static")

_DIGEST_LENGTH = 12
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


def _digests() -> Mapping[str, str]:
    return {
        path.relative_to(FOLDER).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGEST_LENGTH]
        for path in FOLDER.rglob("*")
        if path.is_file()
    }


_DIGEST_OF = _digests()


def asset_url(name: str) -> str:
    """Where a file of the folder is found (`base.css`). Raises KeyError for one that is not there."""
    return f"/static/{name}?v={_DIGEST_OF[name]}"


class AssetFiles(StaticFiles):
    """Serves the folder. Asked for by its content a file never changes; else the browser asks again (ETag)."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or Starlette's 404."""
        response = await super().get_response(path, scope)
        asked_digest = QueryParams(scope["query_string"]).get("v")
        is_current = asked_digest is not None and asked_digest == _DIGEST_OF.get(path)
        response.headers["Cache-Control"] = _FOR_EVER if is_current else _ASK_AGAIN
        return response

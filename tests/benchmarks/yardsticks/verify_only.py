"""The floor: a handler that verifies, parses and answers, and keeps nothing.

`python -m tests.benchmarks.yardsticks.verify_only PORT PUBLIC_KEY`
"""

import base64
import sys

import msgspec
from nacl.signing import VerifyKey
from starlette.requests import Request
from starlette.responses import Response

from tests.benchmarks.yardsticks.serving import OK, serve, webhook_route
from tests.benchmarks.yardsticks.signed_requests import read_signed


def main() -> None:
    """Serve until the process is ended."""
    key = VerifyKey(base64.b64decode(sys.argv[2]))
    decode = msgspec.json.Decoder().decode

    async def take(request: Request) -> Response:
        decode(await read_signed(request, key))
        return OK

    serve(webhook_route(take), int(sys.argv[1]))


if __name__ == "__main__":
    main()

"""Somebody's own call-control application: it receives Telnyx's webhooks and passes them on to Tollbook.

All that it has to pass on is the raw body and the two signature headers.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_SIGNATURE_HEADERS = ("telnyx-signature-ed25519", "telnyx-timestamp")


@contextmanager
def forwarding_app(target_url: str) -> Iterator[str]:
    """Run the application on a free loopback port; gives its URL. `target_url` is Tollbook's webhook URL."""
    with httpx.Client(timeout=10.0, trust_env=False) as http:

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name: self.headers[name] for name in _SIGNATURE_HEADERS}
                answer = http.post(f"{target_url}{self.path}", content=body, headers=headers)
                self.send_response(answer.status_code)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, name="forwarding-app")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

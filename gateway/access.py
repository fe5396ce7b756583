"""Who may do what: decided per route, never by the path that a request claims to have (design, section 2)."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from enum import Enum

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from gateway.api_keys import ApiKey, Scope, digest_of, find_key
from gateway.hosts import is_trusted_host
from gateway.problems import Problem
from gateway.same_origin import is_same_origin

_BEARER_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Tollbook"'}
_BASIC_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Tollbook", charset="UTF-8"'}


class Need(Enum):
    """What a route asks of whoever calls it. Webhooks and /healthz ask nothing and carry no guard."""

    LOCAL = "local"
    """No key; but without API_KEYS, a host that counts as this machine."""
    READ = "read"
    RECONCILE = "reconcile"
    CRON = "cron"
    PAGE = "page"
    """A key with the scope `read`, also by HTTP Basic, until there is a login."""
    PAGE_RECONCILE = "page reconcile"
    """The same with the scope `reconcile`: a button on a page."""


@dataclass(frozen=True, slots=True)
class Access:
    """The operator's rules. `cron_digest` is that of CRON_SECRET."""

    keys: tuple[ApiKey, ...] = ()
    cron_digest: bytes | None = None
    allowed_hosts: frozenset[str] = frozenset()

    def guard(self, need: Need) -> Middleware:
        """The middleware of a route with this need."""
        return Middleware(_Guard, access=self, need=need)

    def check(self, need: Need, headers: list[tuple[bytes, bytes]]) -> None:
        """Raises Problem: 401 without a key that counts, 403 with one that may not, or from a foreign host."""
        if not self.keys and not is_trusted_host(_values(headers, b"host"), self.allowed_hosts):
            raise Problem(
                403,
                "under this host name Tollbook only takes webhooks: set API_KEYS, or name the host in ALLOWED_HOSTS",
            )
        if need in (Need.RECONCILE, Need.CRON) and not self._asks_something(need):
            _refuse_other_sites(Headers(raw=headers))
        match need:
            case Need.LOCAL:
                return
            case Need.CRON if self.cron_digest is not None:
                presented = _bearer(_authorization(headers))
                if presented is None or not hmac.compare_digest(digest_of(presented), self.cron_digest):
                    raise Problem(
                        401, "this needs the CRON_SECRET as a bearer token", headers=_BEARER_CHALLENGE
                    )
            case Need.CRON | Need.RECONCILE:
                self._check_key(Scope.RECONCILE, headers)
            case Need.READ:
                self._check_key(Scope.READ, headers)
            case Need.PAGE:
                self._check_key(Scope.READ, headers, takes_basic=True)
            case Need.PAGE_RECONCILE:
                self._check_key(Scope.RECONCILE, headers, takes_basic=True)

    def allows(self, need: Need, headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether `check` would let them pass."""
        try:
            self.check(need, headers)
        except Problem:
            return False
        return True

    def _asks_something(self, need: Need) -> bool:
        return bool(self.keys) or (need is Need.CRON and self.cron_digest is not None)

    def _check_key(
        self, scope: Scope, headers: list[tuple[bytes, bytes]], *, takes_basic: bool = False
    ) -> None:
        if not self.keys:
            return
        authorization = _authorization(headers)
        presented = _bearer(authorization)
        if presented is None and takes_basic:
            presented = _basic(authorization)
        key = find_key(self.keys, presented) if presented is not None else None
        if key is None:
            challenge = _BASIC_CHALLENGE if takes_basic else _BEARER_CHALLENGE
            raise Problem(401, "this needs one of the API_KEYS", headers=challenge)
        if not key.allows(scope):
            raise Problem(403, f"the key {key.name!r} does not have the scope {scope.value!r}")


class _Guard:
    def __init__(self, app: ASGIApp, access: Access, need: Need) -> None:
        self._app = app
        self._access = access
        self._need = need

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        self._access.check(self._need, scope["headers"])
        await self._app(scope, receive, send)


def _refuse_other_sites(headers: Headers) -> None:
    """A page of another site can have the browser of this machine send what no key is asked for.

    An address that was typed in (`none`) is nobody else's doing.
    """
    if headers.get("sec-fetch-site") != "none" and not is_same_origin(headers):
        raise Problem(403, "without API_KEYS this is not taken from a page of another site")


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]


def _authorization(headers: list[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    """Scheme (lower case) and credentials; empty unless there is exactly one such header."""
    values = _values(headers, b"authorization")
    if len(values) != 1:
        return b"", b""
    scheme, _, credentials = values[0].partition(b" ")
    return scheme.lower(), credentials.strip()


def _bearer(authorization: tuple[bytes, bytes]) -> bytes | None:
    scheme, credentials = authorization
    return credentials if scheme == b"bearer" and credentials else None


def _basic(authorization: tuple[bytes, bytes]) -> bytes | None:
    """The key out of `user:password`: it may stand in either place."""
    scheme, credentials = authorization
    if scheme != b"basic":
        return None
    try:
        user, _, password = base64.b64decode(credentials, validate=True).partition(b":")
    except binascii.Error:
        return None
    return password or user or None

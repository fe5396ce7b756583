"""The API keys of people and programs: how API_KEYS is read, and whether a presented key is one of them."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

MIN_SAFE_LENGTH = 16
"""A key with fewer characters can be guessed; it works, with a warning."""


class Scope(Enum):
    """What a key may do. `ADMIN` includes the others."""

    READ = "read"
    RECONCILE = "reconcile"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key: kept as a digest, so that it cannot end up in a log or an error."""

    name: str
    scopes: frozenset[Scope]
    digest: bytes
    is_short: bool

    def allows(self, scope: Scope) -> bool:
        """Whether the key opens what needs this scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


_WORD = "|".join(scope.value for scope in Scope)
# Several scopes of one key are joined by +, or by a comma: what follows a comma and is no scope starts a new key.
_ENTRY = re.compile(
    rf"\s*(?:(?P<name>[^:,\s]+):(?P<scopes>(?:{_WORD})(?:[+,](?:{_WORD}))*):)?(?P<key>[^,]+)(?:,|$)"
)


def parse_api_keys(text: object) -> object:
    """`plain-key,crm:read:other-key,ops:read+reconcile:third-key` → ApiKeys, for the settings.

    A key without a name has all scopes. Raises ValueError with a sentence that names no key.
    """
    if not isinstance(text, str):
        return text
    entries = [match for match in _ENTRY.finditer(text) if match["key"].strip()]
    keys = tuple(_read_entry(match, number) for number, match in enumerate(entries, start=1))
    if not keys:
        raise ValueError("holds no key")
    return keys


def _read_entry(match: re.Match[str], number: int) -> ApiKey:
    key = match["key"].strip()
    if match["name"] is None and key.count(":") == 2:
        raise ValueError(f"entry {number} has the form name:scopes:key, but scopes are {_WORD}, joined by +")
    if not key.isascii() or not key.isprintable():
        raise ValueError(f"entry {number} has characters that no HTTP header carries")
    words = re.split("[+,]", match["scopes"]) if match["scopes"] else [scope.value for scope in Scope]
    return ApiKey(
        name=match["name"] or f"key {number}",
        scopes=frozenset(Scope(word) for word in words),
        digest=digest_of(key.encode()),
        is_short=len(key) < MIN_SAFE_LENGTH,
    )


def digest_of(secret: bytes) -> bytes:
    """Secrets are compared by digest: equal in length, whatever was presented."""
    return hashlib.sha256(secret).digest()


def find_key(keys: Iterable[ApiKey], presented: bytes) -> ApiKey | None:
    """The key that was presented, in a time that does not depend on how much of it was right."""
    digest = digest_of(presented)
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found

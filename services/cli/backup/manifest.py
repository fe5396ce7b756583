"""What a backup says of itself: pure.

`manifest.json` is written last, and the folder gets its name after that: what has no manifest is no backup.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from services.common.errors import InvalidInput
from services.common.times import UnreadableTime, format_rfc3339, parse_rfc3339

MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 64 * 1024

_FORMAT = 1


class CopiedStore(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The copy of one database. `schema` is the revision of its tables."""

    kind: Literal["reconciler", "intake", "book"]
    schema: Annotated[str, msgspec.Meta(pattern="^[0-9]{4}$")]
    byte_count: Annotated[int, msgspec.Meta(gt=0)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup. `head` is that of the copied book's chain, for `tollbook verify --expect-head`; empty for none.

    Every webhook that was acknowledged before `made_at` is in it.
    """

    made_at: datetime
    head: str
    stores: tuple[CopiedStore, ...]

    def to_text(self) -> str:
        """As JSON, for people too."""
        written = _Written(_FORMAT, format_rfc3339(self.made_at), self.head, self.stores)
        return msgspec.json.format(msgspec.json.encode(written), indent=2).decode() + "\n"


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    format: int
    made_at: str
    head: Annotated[str, msgspec.Meta(pattern="^([0-9]{1,18}:[0-9a-f]{64})?$")]
    stores: tuple[CopiedStore, ...]


def read_manifest(text: bytes) -> Manifest:
    """The manifest of a backup. Raises InvalidInput for what is none, or one of another form."""
    try:
        written = msgspec.json.decode(text, type=_Written)
        made_at = parse_rfc3339(written.made_at)
    except (msgspec.DecodeError, UnicodeDecodeError, UnreadableTime) as error:
        raise InvalidInput(f"{MANIFEST_NAME} is not the manifest of a backup: {error}") from error
    if written.format != _FORMAT:
        raise InvalidInput(
            f"this backup was made by another Tollbook: its form is {written.format}, and this one reads {_FORMAT}"
        )
    kinds = [store.kind for store in written.stores]
    if "book" not in kinds or len(set(kinds)) < len(kinds):
        raise InvalidInput(f"{MANIFEST_NAME} does not name one book")
    return Manifest(made_at, written.head, written.stores)

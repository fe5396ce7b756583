"""The sealed chain: blocks of journal entries, each with the hash of the one before.

Whoever keeps the hash of one block has kept all entries up to it: none of them can be changed, added or left out
without another hash. How hashes are made is written so that anybody can make them again, in any language:

- A text of fields is the netstring of each field in turn: its length in bytes of UTF-8, `:`, the bytes, `,`. Numbers
  are decimal, moments are whole microseconds since 1970-01-01T00:00:00Z, hashes are in lower-case hex.
- An entry's hash is SHA-256 of a 0 byte and the fields of SealedEntry in their order.
- The root is the Merkle tree hash of RFC 9162, section 2.1.1, over the entries' hashes in the order of their ids: of
  two nodes it is SHA-256 of a 1 byte and both; an odd one goes up as it is.
- A block's hash is SHA-256 of a 2 byte and the fields of Block in their order, but for `hash` itself.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.common.times import to_micros

MAX_BLOCK_ENTRIES = 4096
NO_HASH = bytes(32)
"""What stands in the first block for the block before."""

_HEAD = re.compile(r"(?P<number>[1-9][0-9]{0,17}):(?P<hash>[0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEntry:
    """An entry of the journal together with the identity of its charge, which never changes.

    `entry_id` is the place of the entry in the journal; `record_type`, `record_id` and `currency` name the charge.
    """

    entry_id: int
    record_type: str
    record_id: str
    currency: str
    kind: str
    amount_nanos: int
    cost_after_nanos: int
    source: str
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """All entries with ids beyond the block before up to `last_entry_id`. Blocks count from 1."""

    number: int
    previous_hash: bytes
    merkle_root: bytes
    entry_count: int
    first_entry_id: int
    last_entry_id: int
    sealed_at: datetime
    hash: bytes

    @property
    def head(self) -> str:
        """The block as a name to keep elsewhere: "<number>:<hash in hex>"."""
        return f"{self.number}:{self.hash.hex()}"


def seal(previous: Block | None, entries: Sequence[SealedEntry], sealed_at: datetime) -> Block:
    """The next block. `entries`: at least one, in the order of their ids, all beyond the block before."""
    number = previous.number + 1 if previous else 1
    previous_hash = previous.hash if previous else NO_HASH
    root = merkle_root(entries)
    count, first_id, last_id = len(entries), entries[0].entry_id, entries[-1].entry_id
    return Block(
        number=number,
        previous_hash=previous_hash,
        merkle_root=root,
        entry_count=count,
        first_entry_id=first_id,
        last_entry_id=last_id,
        sealed_at=sealed_at,
        hash=_block_hash(number, previous_hash, root, count, first_id, last_id, sealed_at),
    )


def faults(previous: Block | None, block: Block, entries: Sequence[SealedEntry]) -> list[str]:
    """What is wrong with a block, as sentences; none if it is what was sealed.

    `entries` are those that the journal has now between the block before and this one's `last_entry_id`.
    """
    wrong = []
    if block.number != (previous.number + 1 if previous else 1):
        wrong.append("the block before it is missing")
    if block.previous_hash != (previous.hash if previous else NO_HASH):
        wrong.append("it does not carry the hash of the block before it")
    ids = [entry.entry_id for entry in entries]
    if (len(ids), ids[:1], ids[-1:]) != (block.entry_count, [block.first_entry_id], [block.last_entry_id]):
        wrong.append(
            f"it sealed {block.entry_count} entries from {block.first_entry_id} to {block.last_entry_id}, "
            f"and the journal has {len(ids)} there"
        )
    if not ids or merkle_root(entries) != block.merkle_root:
        wrong.append("its entries are not those that were sealed")
    sealed = _block_hash(
        block.number,
        block.previous_hash,
        block.merkle_root,
        block.entry_count,
        block.first_entry_id,
        block.last_entry_id,
        block.sealed_at,
    )
    if sealed != block.hash:
        wrong.append("its hash is not that of what it says")
    return wrong


def read_head(text: str) -> tuple[int, bytes]:
    """(block number, hash) from "<number>:<hash in hex>". Raises ValueError with a sentence."""
    match = _HEAD.fullmatch(text)
    if match is None:
        raise ValueError("a head is the number of a block, a colon, and 64 hexadecimal digits")
    return int(match["number"]), bytes.fromhex(match["hash"])


def merkle_root(entries: Sequence[SealedEntry]) -> bytes:
    """One hash for all entries, of which there is at least one."""
    level = [_entry_hash(entry) for entry in entries]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return level[0]


def _entry_hash(entry: SealedEntry) -> bytes:
    return _hash_of_fields(
        b"\x00",
        str(entry.entry_id),
        entry.record_type,
        entry.record_id,
        entry.currency,
        entry.kind,
        str(entry.amount_nanos),
        str(entry.cost_after_nanos),
        entry.source,
        str(to_micros(entry.posted_at)),
    )


def _block_hash(
    number: int,
    previous_hash: bytes,
    root: bytes,
    count: int,
    first_entry_id: int,
    last_entry_id: int,
    sealed_at: datetime,
) -> bytes:
    numbers = (count, first_entry_id, last_entry_id, to_micros(sealed_at))
    return _hash_of_fields(b"\x02", str(number), previous_hash.hex(), root.hex(), *map(str, numbers))


def _hash_of_fields(prefix: bytes, *fields: str) -> bytes:
    encoded = [field.encode() for field in fields]
    return hashlib.sha256(prefix + b"".join(b"%d:%s," % (len(field), field) for field in encoded)).digest()

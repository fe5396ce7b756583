"""The sealed chain: whatever is changed of what was sealed, something no longer agrees."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.times import from_micros
from services.ledger.chain import NO_HASH, Block, SealedEntry, faults, merkle_root, read_head, seal

SEALED_AT = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)

_nanos = st.integers(-(2**63), 2**63 - 1)
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_moments = st.integers(0, 10**16).map(from_micros)
_entry = st.builds(
    SealedEntry,
    entry_id=st.just(0),
    record_type=_text,
    record_id=_text,
    currency=_text,
    kind=_text,
    amount_nanos=_nanos,
    cost_after_nanos=_nanos,
    source=_text,
    posted_at=_moments,
)


@st.composite
def journals(draw: st.DrawFn) -> list[SealedEntry]:
    """Entries with growing ids, with gaps."""
    entries = draw(st.lists(_entry, min_size=2, max_size=12))
    entry_id = 0
    numbered = []
    for entry in entries:
        entry_id += draw(st.integers(1, 3))
        numbered.append(replace(entry, entry_id=entry_id))
    return numbered


def chained(journal: Sequence[SealedEntry], size: int) -> list[Block]:
    """The journal in blocks of so many entries."""
    blocks: list[Block] = []
    for start in range(0, len(journal), size):
        blocks.append(
            seal(
                blocks[-1] if blocks else None, journal[start : start + size], SEALED_AT + timedelta(0, start)
            )
        )
    return blocks


def found(blocks: Sequence[Block], journal: Sequence[SealedEntry]) -> list[tuple[int, str]]:
    """(number, fault) of every fault of a chain, over the entries as the journal has them now."""
    told = []
    previous = None
    for block in blocks:
        after_id = previous.last_entry_id if previous else 0
        between = [entry for entry in journal if after_id < entry.entry_id <= block.last_entry_id]
        told += [(block.number, fault) for fault in faults(previous, block, between)]
        previous = block
    return told


def other(value: Any, data: st.DataObject) -> Any:
    """Another value of the same kind."""
    if isinstance(value, datetime):
        return value + timedelta(microseconds=data.draw(st.sampled_from([1, -1, 10**9])))
    if isinstance(value, bytes):
        return data.draw(st.binary(min_size=32, max_size=32).filter(lambda drawn: drawn != value))
    if isinstance(value, int):
        return data.draw(st.integers(-5, 2**62).filter(lambda drawn: drawn != value))
    return data.draw(_text.filter(lambda drawn: drawn != value))


@given(journals(), st.integers(1, 12))
def test_what_was_sealed_has_no_fault(journal: list[SealedEntry], size: int) -> None:
    assert found(chained(journal, size), journal) == []


@given(journals(), st.integers(1, 12), st.data())
def test_any_field_of_any_entry_that_is_changed_is_found(
    journal: list[SealedEntry], size: int, data: st.DataObject
) -> None:
    blocks = chained(journal, size)
    position = data.draw(st.integers(0, len(journal) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(SealedEntry)]))
    changed = replace(journal[position], **{name: other(getattr(journal[position], name), data)})
    tampered = [*journal[:position], changed, *journal[position + 1 :]]
    assert found(blocks, sorted(tampered, key=lambda entry: entry.entry_id)) != []


@given(journals(), st.integers(1, 12), st.data())
def test_any_field_of_any_block_that_is_changed_is_found(
    journal: list[SealedEntry], size: int, data: st.DataObject
) -> None:
    blocks = chained(journal, size)
    position = data.draw(st.integers(0, len(blocks) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(Block)]))
    changed = replace(blocks[position], **{name: other(getattr(blocks[position], name), data)})
    assert found([*blocks[:position], changed, *blocks[position + 1 :]], journal) != []


@given(journals(), st.integers(1, 4), st.data())
def test_an_entry_that_is_left_out_or_slipped_in_is_found(
    journal: list[SealedEntry], size: int, data: st.DataObject
) -> None:
    blocks = chained(journal, size)
    position = data.draw(st.integers(0, len(journal) - 1))
    assert found(blocks, [*journal[:position], *journal[position + 1 :]]) != []
    doubled = [*journal[:position], journal[position], *journal[position:]]
    assert found(blocks, doubled) != []


@given(journals(), st.data())
def test_a_block_that_is_left_out_is_found(journal: list[SealedEntry], data: st.DataObject) -> None:
    blocks = chained(journal, 1)
    position = data.draw(st.integers(0, len(blocks) - 2))
    assert found([*blocks[:position], *blocks[position + 1 :]], journal) != []


@given(journals(), st.integers(1, 12), st.data())
def test_who_seals_everything_anew_has_another_head(
    journal: list[SealedEntry], size: int, data: st.DataObject
) -> None:
    """A chain that is only checked against itself proves nothing: a head kept elsewhere does."""
    position = data.draw(st.integers(0, len(journal) - 1))
    changed = replace(journal[position], amount_nanos=other(journal[position].amount_nanos, data))
    forged = [*journal[:position], changed, *journal[position + 1 :]]
    assert found(chained(forged, size), forged) == []
    assert chained(forged, size)[-1].head != chained(journal, size)[-1].head


@given(journals())
def test_the_root_is_the_tree_hash_of_the_rfc(journal: list[SealedEntry]) -> None:
    leaves = [merkle_root([entry]) for entry in journal]
    assert merkle_root(journal) == _tree_hash(leaves)


def _tree_hash(leaves: list[bytes]) -> bytes:
    """As RFC 9162 defines it: split at the greatest power of two below the count."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + _tree_hash(leaves[:split]) + _tree_hash(leaves[split:])).digest()


def test_hashes_are_made_as_it_is_written() -> None:
    """Of one entry and one block, in full: this must never change, or no kept head is found again."""
    entry = SealedEntry(
        entry_id=7,
        record_type="call",
        record_id="v3:éa",
        currency="USD",
        kind="estimate",
        amount_nanos=-15,
        cost_after_nanos=0,
        source="fallback",
        posted_at=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    )
    text = "1:7,4:call,6:v3:éa,3:USD,8:estimate,3:-15,1:0,8:fallback,7:1000000,"
    root = hashlib.sha256(b"\0" + text.encode()).digest()
    assert merkle_root([entry]) == root
    block = seal(None, [entry], datetime(1970, 1, 1, tzinfo=UTC))
    header = f"1:1,64:{NO_HASH.hex()},64:{root.hex()},1:1,1:7,1:7,1:0,"
    assert block.hash == hashlib.sha256(b"\2" + header.encode()).digest()
    assert block.head == f"1:{block.hash.hex()}"


def test_a_head_is_read_as_it_is_written() -> None:
    block = chained([replace(_ENTRY, entry_id=1)], 1)[0]
    assert read_head(block.head) == (1, block.hash)


_ENTRY = SealedEntry(
    entry_id=1,
    record_type="call",
    record_id="v3:a",
    currency="USD",
    kind="exact",
    amount_nanos=1,
    cost_after_nanos=1,
    source="detail_records_api",
    posted_at=SEALED_AT,
)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1:", f"0:{'a' * 64}", f"1:{'A' * 64}", f"1:{'a' * 63}", f"-1:{'a' * 64}", f"٣:{'a' * 64}"],
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a head is"):
        read_head(text)

"""What a backup says of itself is read as strictly as it was written."""

from datetime import UTC, datetime

import pytest

from services.cli.backup.manifest import CopiedStore, Manifest, read_manifest
from services.common.errors import InvalidInput

_BOOK = CopiedStore(kind="book", schema="0004", byte_count=4096, sha256="a" * 64)
_INTAKE = CopiedStore(kind="intake", schema="0001", byte_count=4096, sha256="b" * 64)
_MANIFEST = Manifest(datetime(2026, 11, 23, 5, tzinfo=UTC), f"7:{'c' * 64}", (_INTAKE, _BOOK))


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert read_manifest(_MANIFEST.to_text().encode()) == _MANIFEST


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"format": 1', '"format": 2'),
        ('"kind": "book"', '"kind": "intake"'),
        ('"kind": "book"', '"kind": "../book"'),
        ('"byteCount": 4096', '"byteCount": 0'),
        ("a" * 64, "a" * 63),
        ("2026-11-23T05:00:00Z", "yesterday"),
        (f"7:{'c' * 64}", "seven"),
        ('"head"', '"tail"'),
        ("{", "["),
    ],
)
def test_anything_else_is_refused(old: str, new: str) -> None:
    text = _MANIFEST.to_text()
    assert old in text
    with pytest.raises(InvalidInput):
        read_manifest(text.replace(old, new).encode())


def test_a_manifest_needs_a_book() -> None:
    with pytest.raises(InvalidInput, match="one book"):
        read_manifest(Manifest(_MANIFEST.made_at, "", (_INTAKE,)).to_text().encode())

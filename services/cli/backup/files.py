"""Files that survive a power cut, and what they hold as one number."""

import hashlib
import os
from pathlib import Path

from services.common.errors import InvalidInput

_CHUNK_BYTES = 1 << 20
_ONLY_OURS = 0o600


def create_empty(path: Path) -> None:
    """An empty file that nobody else may read: a book holds telephone numbers. Raises FileExistsError."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _ONLY_OURS))


def sha256_of(path: Path) -> str:
    """The digest of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_verified(source: Path, target: Path, sha256: str) -> None:
    """Copy a file, make the copy durable and read it again. Raises InvalidInput when it has not this digest."""
    target.unlink(missing_ok=True)
    create_empty(target)
    with source.open("rb") as reading, target.open("r+b") as writing:
        while chunk := reading.read(_CHUNK_BYTES):
            writing.write(chunk)
    make_durable(target)
    if sha256_of(target) != sha256:
        raise InvalidInput(f"{source}: this is not what was backed up: its SHA-256 is not the manifest's")


def make_durable(path: Path) -> None:
    """Have a file's bytes, or a folder's names, on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

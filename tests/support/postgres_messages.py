"""The messages of PostgreSQL's protocol (version 3), as far as a man in the middle must tell them apart."""

import struct
from collections.abc import Iterator

_LENGTH = struct.Struct("!i")
_WRITING_TAGS = (b"INSERT", b"UPDATE", b"DELETE")


class MessageReader:
    """Takes a stream of bytes apart. A client's first message has no type; its type here is empty."""

    def __init__(self, *, begins_without_type: bool) -> None:
        self._left = b""
        self._has_type = not begins_without_type

    def take(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """(type, the whole message) of each message that is complete with these bytes."""
        self._left += data
        while True:
            type_length = int(self._has_type)
            if len(self._left) < type_length + _LENGTH.size:
                return
            length = type_length + _LENGTH.unpack_from(self._left, type_length)[0]
            if len(self._left) < length:
                return
            message, self._left = self._left[:length], self._left[length:]
            self._has_type = True
            yield message[:type_length], message


def is_commit(kind: bytes, message: bytes) -> bool:
    """Whether a client's message asks to commit: as a query of its own, or as one to be parsed."""
    if kind == b"Q":
        return message[5:].rstrip(b"\0 ;").upper() == b"COMMIT"
    return kind == b"P" and b"\0COMMIT\0" in message[5:].upper()


def says_written(kind: bytes, message: bytes) -> bool:
    """Whether a server's message says that a statement has written rows, at least one."""
    if kind != b"C":
        return False
    tag, _, count = message[5:].rstrip(b"\0").rpartition(b" ")
    return tag.startswith(_WRITING_TAGS) and count != b"0"


def is_ready(kind: bytes) -> bool:
    """Whether a server's message ends its answer."""
    return kind == b"Z"


def is_idle(kind: bytes, message: bytes) -> bool:
    """Whether a server's message says that no transaction is open any more."""
    return is_ready(kind) and message[5:] == b"I"

"""The name of a reconciler among those that share a database."""

import os
import socket
import uuid


def new_holder_name() -> str:
    """A name that no other holder has, and that tells an operator which process it is."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

"""Keeping a library out where another would load it for something that is never used."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def unwanted(library: str) -> Iterator[None]:
    """While the context is open, importing `library` fails as if it were not installed; unless it is loaded already."""
    modules: dict[str, Any] = sys.modules
    if library in modules:
        yield
        return
    modules[library] = None
    try:
        yield
    finally:
        del modules[library]

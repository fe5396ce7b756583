"""Imported before all else by processes that serve: structlog then does without rich.

structlog loads rich wherever it is installed (the command line needs it), to draw tracebacks as our logs never do: 90
modules, 5 MB, and a tenth of the time that a process takes to start.
"""

from services.common.unwanted import unwanted

with unwanted("rich"):
    import structlog  # noqa: F401

"""`python -m services.cli` is the command `tollbook`."""

from services.cli.main import app

app()

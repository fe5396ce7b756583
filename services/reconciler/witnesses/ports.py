"""Whom the comparison of witnesses asks. All methods raise TollbookError."""

from datetime import datetime
from typing import Protocol

from services.reconciler.witnesses.testimony import Analysis, SessionStory


class SessionPort(Protocol):
    """The book's sessions."""

    async def story(self, session_id: str) -> SessionStory:
        """What the book has of a session. Raises NotFound."""


class AnalysisPort(Protocol):
    """Telnyx's session analysis."""

    async def analysis(self, session_id: str, about_at: datetime | None) -> Analysis:
        """The cost tree of a session that began about then. Raises NotFound while Telnyx has none."""

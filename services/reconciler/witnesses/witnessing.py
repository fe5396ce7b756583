"""Asks the witnesses of one session, and compares them. Nothing is written."""

import asyncio
from typing import Final

from services.common.errors import NotFound, TollbookError
from services.reconciler.witnesses.compare import compare
from services.reconciler.witnesses.ports import AnalysisPort, SessionPort
from services.reconciler.witnesses.testimony import Analysis, Comparison, SessionStory

_PATIENCE_S: Final = 15.0


class Witnessing:
    """The book's own witnesses, and Telnyx's where it is asked."""

    def __init__(self, sessions: SessionPort, analyses: AnalysisPort) -> None:
        self._sessions = sessions
        self._analyses = analyses

    async def compare(self, session_id: str, *, ask_telnyx: bool) -> Comparison:
        """One session as its witnesses tell it. Raises NotFound for a session that the book does not know."""
        story = await self._sessions.story(session_id)
        if not ask_telnyx:
            return compare(story, None, "session analysis was not asked")
        return compare(story, *await self._ask(story))

    async def _ask(self, story: SessionStory) -> tuple[Analysis | None, str]:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._analyses.analysis(story.session_id, story.start_at), ""
        except NotFound:
            return None, "Telnyx has no analysis of this session, or not yet"
        except TimeoutError:
            return None, "session analysis could not be asked: Telnyx did not answer in time"
        except TollbookError as error:
            return None, f"session analysis could not be asked: {error}"

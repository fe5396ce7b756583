"""How long Telnyx keeps detail records. Pure."""

from datetime import timedelta
from typing import Final

KEPT: Final = timedelta(days=30)
"""How far back the Detail Records API is sure to have everything.

Telnyx keeps records for at least 31 days (Telnyx facts, section 3): so the whole UTC day on which this reach begins is
still there. Of what is older, silence proves nothing.
"""

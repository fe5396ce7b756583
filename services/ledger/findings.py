"""What a verification tells."""

from dataclasses import dataclass
from typing import Literal

Stage = Literal["charges", "sums", "chain"]
MAX_FINDINGS = 1000
"""As many are told; all are counted."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that is not as it follows from the facts. `subject`: the charge, day or block."""

    stage: Stage
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one stage is: charges, days or entries."""

    stage: Stage
    done_count: int
    total_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was looked at, and how much of it was found wrong. `head`: the last block that was verified."""

    fact_count: int
    charge_count: int
    entry_count: int
    block_count: int
    head: str
    finding_count: int

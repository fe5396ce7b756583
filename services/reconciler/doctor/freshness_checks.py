"""Whether anything has stopped that should go on. Pure."""

from collections.abc import Sequence
from typing import Final

from services.common.freshness.symptom import Symptom
from services.reconciler.doctor.check import Check

FRESHNESS: Final = "Freshness"


def check_freshness(stopped: Sequence[Symptom]) -> list[Check]:
    """Every part answers, every work goes on, webhooks come: one check for each of these that does not, else one."""
    if not stopped:
        return [Check(FRESHNESS, "ok", "Every part answers, and nothing has stopped.")]
    return [Check(FRESHNESS, "failure", symptom.finding, symptom.advice) for symptom in stopped]

"""What has stopped, as a banner says it."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.pages.zones import ShownTime, Zone, show_time
from services.common.freshness.symptom import Symptom


@dataclass(frozen=True, slots=True)
class ShownSymptom:
    """One thing that has stopped: what, since when, and what to do about it."""

    name: str
    finding: str
    advice: str
    since: ShownTime


def shown_symptoms(symptoms: Iterable[Symptom], zone: Zone) -> list[ShownSymptom]:
    """The same in the zone of the page."""
    return [
        ShownSymptom(symptom.name, symptom.finding, symptom.advice, show_time(symptom.since, zone))
        for symptom in symptoms
    ]

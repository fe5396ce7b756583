"""What a leg still waits for, and why that is to be expected of it (rules 3.f and 3.h)."""

from services.ledger.evidence import LegEvidence
from services.ledger.leg_story import carries_call
from services.ledger.parts import PartEvidence, is_billed_part, is_billed_record
from services.telnyx_vocabulary.record_types import find_record_type


def missing_parts(evidence: LegEvidence) -> dict[str, str]:
    """For each record type that is still to come, in the order of their names, a sentence that says why."""
    is_answered = evidence.story.is_answered
    waits_for_proof = not is_answered and not _is_shown_unanswered(evidence)
    missing = {}
    for name, part in sorted(evidence.parts.items()):
        is_base = name in evidence.base_types
        if (part.expected_count or (is_base and is_answered)) and not part.is_present:
            reason = _announced(part) if part.expected_count else _of_base_set(part)
            missing[name] = f"{reason} {_what_is_here(part)}"
        elif is_base and waits_for_proof and not part.is_closed:
            missing[name] = (
                "The call was not answered and most likely cost nothing, but no record of it and no sweep has shown so."
            )
    return missing


def _is_shown_unanswered(evidence: LegEvidence) -> bool:
    """An unanswered leg settles with a zero record or a closed window, never at hang-up (rule 3.h)."""
    return any(map(carries_call, evidence.story.facts.records))


def _announced(part: PartEvidence) -> str:
    known = find_record_type(part.record_type)
    events = " or ".join(known.announcing_events) if known else ""
    if part.expected_count == 1:
        return (
            f"A webhook ({events}) said that this feature ran on the call, so one billed record is to come."
        )
    return f"Webhooks ({events}) told of {part.expected_count}, and each is billed with a record of its own."


def _of_base_set(part: PartEvidence) -> str:
    return f"The call was answered, and every answered call is billed for {part.record_type}."


def _what_is_here(part: PartEvidence) -> str:
    billed_count = sum(map(is_billed_record, part.records))
    told_count = sum(map(is_billed_part, part.cost_parts))
    if billed_count or told_count:
        return f"Known so far: {max(billed_count, told_count)}."
    if part.records:
        return "The records that have come bill nothing: such twins come beside a billed record, not in its place."
    if part.cost_parts:
        return "No record has come, and the call.cost webhook billed nothing for it."
    return "No record has come, and no call.cost webhook told of it."

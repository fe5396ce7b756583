"""What the templates of one record's page share beside their values: words and measures."""

from typing import Any

from gateway.pages.record.part_words import part_name
from gateway.pages.record.timeline import Kind
from gateway.pages.record.waterfall import WIDTH
from gateway.pages.templates import render
from gateway.pages.words import SOURCE_WORDS

_KIND_WORDS = {
    Kind.WEBHOOK: "Webhook",
    Kind.RECORD: "Record",
    Kind.ATTEMPT: "Attempt",
    Kind.ENTRY: "Journal",
}


def render_record(template: str, **values: Any) -> str:
    """A page of one record as HTML."""
    return render(
        template,
        width=WIDTH,
        kind_words=_KIND_WORDS,
        part_name=part_name,
        source_words=SOURCE_WORDS,
        **values,
    )

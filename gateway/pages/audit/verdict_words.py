"""What a verdict of the audit is called, and what it means. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """`name` as in the REST answer. `tone` is the colour of its badge, which never says it alone; `mark` a sign."""

    name: str
    tone: str
    mark: str
    title: str
    meaning: str

    @property
    def is_different(self) -> bool:
        """Neither the same nor on the way there."""
        return self.tone == "bad"

    @property
    def id(self) -> str:
        """The name as a part of an element's id."""
        return self.name.replace(": ", "-").replace(" ", "-")


VERDICT_WORDS = {
    words.name: words
    for words in (
        VerdictWords(
            "different",
            "bad",
            "≠",
            "Different",
            "The book and Telnyx do not agree, and nothing is left to come.",
        ),
        VerdictWords(
            "different: not read",
            "bad",
            "≠",
            "Different: not read",
            "Telnyx bills a product of which Tollbook knows no record type.",
        ),
        VerdictWords(
            "day boundary",
            "boundary",
            "⇄",
            "Day boundary",
            "The difference cancels with that of the day before or after.",
        ),
        VerdictWords("open", "wait", "…", "Still open", "Not the same yet, and something may still come."),
        VerdictWords("equal", "good", "=", "Equal", "The same, at the decimals of Telnyx's report."),
    )
}
"""By the words of the REST answer, what needs a look first."""

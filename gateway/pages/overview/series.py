"""The series of the chart: which parts have one of their own, in which order, and in which colour. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.pages.overview.ranking import Sum, rank
from gateway.pages.words import PART_WORDS

ESTIMATE = "estimate"
"""The part, in the book's sums, of what no part explains yet."""

OTHERS = "others"

_MOST_SERIES = 6
_STYLES = tuple(f"s{number}" for number in range(1, _MOST_SERIES + 2))
_STYLE_OF = {"sip-trunking": "s1", "call-control": "s2", "messaging": "s3", "recording": "s4", "amd": "s5"}
"""What is there most of the time always has the same colour, whatever else is shown."""


@dataclass(frozen=True, slots=True)
class Series:
    """A layer of the columns. `style` names its colour and pattern in billing.css; `parts` is what it sums."""

    style: str
    label: str
    parts: frozenset[str]

    def sum_of(self, nanos_by_part: Mapping[str, int]) -> int:
        """Its amount in a column, in nanos."""
        return sum(nanos for part, nanos in nanos_by_part.items() if part in self.parts)


def series_of(columns: Iterable[Mapping[str, int]]) -> list[Series]:
    """The series of some columns (nanos by part): the dearest at the bottom, others and the estimate on top."""
    totals: dict[str, Sum] = {}
    for column in columns:
        for part, nanos in column.items():
            totals[part] = totals.get(part, Sum()) + Sum(nanos)
    has_estimate = totals.pop(ESTIMATE, None) is not None
    ranking = rank(totals, _MOST_SERIES)
    names = [name for name, _ in ranking.top]
    styles = _styles_for(names)
    made = [Series(styles[name], PART_WORDS.get(name, name), frozenset({name})) for name in names]
    if ranking.rest_count:
        made.append(Series(OTHERS, "Others", frozenset(totals) - frozenset(names)))
    if has_estimate:
        made.append(Series(ESTIMATE, PART_WORDS[ESTIMATE], frozenset({ESTIMATE})))
    return made


def _styles_for(names: list[str]) -> dict[str, str]:
    fixed = {name: _STYLE_OF[name] for name in names if name in _STYLE_OF}
    # Those that nothing else ever has come first.
    free = iter(
        sorted(set(_STYLES) - set(fixed.values()), key=lambda style: (style in _STYLE_OF.values(), style))
    )
    return {name: fixed.get(name) or next(free) for name in names}

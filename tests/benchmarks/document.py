"""The tables of docs/performance.md, from what was kept of each part."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.benchmarks.kept_parts import KeptPart
from tests.benchmarks.machine import Machine
from tests.benchmarks.measured import Measured

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
_REACHED = {True: "yes", False: "**no**"}
_SHOWN_ALIKE = 4
"""So many figures of one name and goal are held against it one by one."""


def render(parts: Sequence[KeptPart]) -> str:
    """Markdown of all parts: the machine, the goals, then every figure."""
    blocks = [
        *_machines(parts),
        *_goals(parts),
        *(block for part in parts for block in _part(part)),
    ]
    return "\n\n".join(blocks) + "\n"


def put_between_markers(document: Path, text: str) -> None:
    """Replace what stands between the markers of a document. Raises ValueError where it has none."""
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document.name} has no place for figures: {BEGIN} and {END}")
    document.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def in_unit(value: float, unit: str) -> str:
    """A figure with as many digits as mean something, and its unit."""
    space = "" if not unit or unit[0] in "/%" else " "
    return f"{_number(value, unit)}{space}{unit}"


def _number(value: float, unit: str) -> str:
    match unit:
        case "times":
            return f"{value:.2f}"
        case "":
            return f"{value:,.0f}"
        case _:
            digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
            return f"{value:,.{digits}f}"


def _machines(parts: Sequence[KeptPart]) -> Iterator[str]:
    """The machine of the latest part: all are measured on one, as a rule."""
    if parts:
        yield _machine(parts[-1].machine)
    if any(part.is_quick for part in parts):
        yield "Some of these figures come from a quick run, which shows only that it works."


def _machine(machine: Machine) -> str:
    return (
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb:.0f} GB; {machine.system}; Python"
        f" {machine.python}, SQLite {machine.sqlite}, PostgreSQL {machine.postgresql}.\nAppending 4 KB to a file and"
        f" syncing them takes {machine.sync_p50_ms:.2f} ms (p50), {machine.sync_p99_ms:.2f} ms (p99)."
    )


def _goals(parts: Sequence[KeptPart]) -> Iterator[str]:
    rows = [
        (
            part.report.part,
            what,
            each.name,
            in_unit(each.value, each.unit),
            _spread(each),
            _goal(each),
            reached,
        )
        for part in parts
        for what, each, reached in _held_against_goals(part.report.measured)
    ]
    if rows:
        yield "### Goals"
        yield _table(("part", "what", "", "median", "rounds", "goal", "reached"), rows)


def _held_against_goals(measured: Iterable[Measured]) -> Iterator[tuple[str, Measured, str]]:
    """What was measured, its figure, and whether that is enough; of many with one goal only the worst."""
    alike: dict[tuple[str, str], list[Measured]] = {}
    for each in measured:
        if each.is_reached is not None:
            alike.setdefault((each.name, _goal(each)), []).append(each)
    for figures in alike.values():
        if len(figures) <= _SHOWN_ALIKE:
            yield from ((each.what, each, _REACHED[each.is_reached is True]) for each in figures)
            continue
        is_more_better = figures[0].at_least is not None
        worst = (min if is_more_better else max)(figures, key=lambda each: each.value)
        reached = sum(each.is_reached is True for each in figures)
        verdict = _REACHED[True] if reached == len(figures) else f"**{reached} of {len(figures)}**"
        yield f"the worst of {len(figures)}: {worst.what}", worst, verdict


def _part(part: KeptPart) -> Iterator[str]:
    report = part.report
    yield f"### {report.title}"
    rounds = max((len(each.values) for each in report.measured), default=0)
    yield (
        f"Measured on {part.measured_on} at {part.commit} in {part.took_s:.0f} s; medians of {rounds}"
        f" {'round' if rounds == 1 else 'rounds'}, with the lowest and the highest."
    )
    for setting in dict.fromkeys(each.setting for each in report.measured):
        yield _figures(setting, [each for each in report.measured if each.setting == setting])
    if report.notes:
        yield "\n".join(f"- {note}" for note in report.notes)


def _figures(setting: str, measured: Sequence[Measured]) -> str:
    """A table of subjects and names, the longer of the two downwards."""
    subjects = list(dict.fromkeys(each.subject for each in measured))
    names = _names_in_order(measured)
    cells = {(each.subject, each.name): _with_spread(each) for each in measured}
    if len(names) <= len(subjects):
        rows = [(subject, *(cells.get((subject, name), "") for name in names)) for subject in subjects]
        return _table((setting, *names), rows)
    rows = [(name, *(cells.get((subject, name), "") for subject in subjects)) for name in names]
    return _table((setting, *subjects), rows)


def _names_in_order(measured: Sequence[Measured]) -> list[str]:
    """Of all figures, as they come with the subject that has most of them; names that it lacks come last."""
    counts = Counter(each.subject for each in measured)
    return list(dict.fromkeys(each.name for each in sorted(measured, key=lambda each: -counts[each.subject])))


def _with_spread(figure: Measured) -> str:
    """What misses its goal stands out."""
    spread = f" ({_spread(figure)})" if min(figure.values) < max(figure.values) else ""
    text = f"{in_unit(figure.value, figure.unit)}{spread}"
    return f"**{text}**" if figure.is_reached is False else text


def _spread(figure: Measured) -> str:
    lowest, highest = (_number(value, figure.unit) for value in (min(figure.values), max(figure.values)))
    return lowest if lowest == highest else f"{lowest}–{highest}"


def _goal(figure: Measured) -> str:
    if figure.at_least is not None:
        return f"at least {in_unit(figure.at_least, figure.unit)}"
    return "" if figure.at_most is None else f"at most {in_unit(figure.at_most, figure.unit)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

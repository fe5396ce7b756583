"""All that the page of a call shows, put together from what each service has said. Each part fails on its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.pages.asking import Failure
from gateway.pages.record.bill import bills_of
from gateway.pages.record.bill_messages import bill_part, journal_line
from gateway.pages.record.bill_view import BillView, bill_view
from gateway.pages.record.estimate_view import EstimateView, estimate_rate, estimate_view
from gateway.pages.record.explanation import Circumstances, explain
from gateway.pages.record.facts_view import FactsView, facts_view
from gateway.pages.record.happenings import of_attempts, of_entries, of_events, of_records
from gateway.pages.record.journal import Journal, journal_of
from gateway.pages.record.leg_head import LegHead, leg_head
from gateway.pages.record.next_steps import NextStep, next_step
from gateway.pages.record.session_view import SessionView, session_view
from gateway.pages.record.timeline import Timeline, merge
from gateway.pages.record.waiting_view import JobView, MissingView, job_view, missing_views
from services.common.errors import NotFound
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.reconciler.v1 import reconciler_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswers:
    """What the services said of a call. A session is None for a leg that names none."""

    leg: book_pb2.CallLeg
    facts: ledger_pb2.ListCallFactsResponse | Failure
    session: book_pb2.Session | Failure | None
    job: reconciler_pb2.Job | Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What the call still waits for. `job` is None where there is none."""

    missing: tuple[MissingView, ...]
    unreadable: tuple[str, ...]
    job: JobView | Failure | None
    next: NextStep | None
    is_done: bool
    """The cost is exact, and nothing more is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """The page's parts, each as its template takes it."""

    head: LegHead
    session_id: str
    """Empty for a leg that names none."""
    bills: tuple[BillView, ...]
    """One for each currency."""
    verdict: str
    estimate: EstimateView | None
    waiting: Waiting
    timeline: Timeline
    session: SessionView | Failure | None
    journal: Journal
    facts: FactsView | Failure


def call_view(answers: CallAnswers, now: datetime) -> CallView:
    """The page of a call as it stands now."""
    leg, head = answers.leg, leg_head(answers.leg)
    facts = _facts(answers.facts)
    session = answers.session
    shown_session = session_view(session, head.call_id) if isinstance(session, book_pb2.Session) else session
    journal = journal_of(map(journal_line, leg.history), head.costs)
    waiting = _waiting(answers, head, now)
    circumstances = _circumstances(head, waiting)
    anchors = {} if isinstance(facts, Failure) else facts.anchors
    bills = bills_of(head.costs, map(bill_part, leg.parts))
    estimate = estimate_view(leg, head.costs[0] if head.costs else None, is_exact=head.is_exact)
    return CallView(
        head=head,
        session_id=leg.session_id,
        bills=tuple(
            bill_view(bill, circumstances, anchors, estimate_rate(estimate, bill.unexplained))
            for bill in bills
        ),
        verdict=explain(bills[0] if bills else None, circumstances).verdict,
        estimate=estimate,
        waiting=waiting,
        timeline=_timeline(facts, journal, waiting.job, _leg_word(head, shown_session)),
        session=shown_session,
        journal=journal,
        facts=facts,
    )


def _facts(answer: ledger_pb2.ListCallFactsResponse | Failure) -> FactsView | Failure:
    if isinstance(answer, Failure):
        return answer
    return facts_view(answer.events, answer.records, is_truncated=answer.truncated)


def _circumstances(head: LegHead, waiting: Waiting) -> Circumstances:
    return Circumstances(
        is_exact=head.is_exact,
        missing=tuple(part.term for part in waiting.missing),
        has_unreadable=bool(waiting.unreadable),
        is_over=head.is_over,
        is_unanswered=head.is_unanswered,
    )


def _waiting(answers: CallAnswers, head: LegHead, now: datetime) -> Waiting:
    job = _job(answers.job)
    state = job.state if isinstance(job, JobView) else None
    missing, unreadable = missing_views(answers.leg), tuple(answers.leg.unreadable)
    is_done = head.is_exact and not missing and not unreadable
    step = next_step(state, is_done=is_done, is_over=head.is_over, now=now)
    return Waiting(
        missing=missing,
        unreadable=unreadable,
        job=job,
        # Without the job nobody can tell who looks next; that nothing is left to do can still be told.
        next=step if is_done or not isinstance(job, Failure) else None,
        is_done=is_done,
    )


def _job(answer: reconciler_pb2.Job | Failure) -> JobView | Failure | None:
    if isinstance(answer, Failure):
        return None if isinstance(answer.error, NotFound) else answer
    return job_view(answer)


def _leg_word(head: LegHead, session: SessionView | Failure | None) -> Callable[[str], str]:
    if isinstance(session, SessionView):
        return session.leg_word
    return lambda call_id: "this leg" if call_id == head.call_id else ""


def _timeline(
    facts: FactsView | Failure,
    journal: Journal,
    job: JobView | Failure | None,
    leg_word: Callable[[str], str],
) -> Timeline:
    events, records = ((), ()) if isinstance(facts, Failure) else (facts.events, facts.records)
    attempts = job.attempts if isinstance(job, JobView) else ()
    return merge(
        of_events(events, leg_word),
        of_records(records, leg_word),
        of_attempts(attempts),
        of_entries(journal.lines),
    )

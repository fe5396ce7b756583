"""What each `/v2` endpoint answers. Source: facts, sections 3, 5 and 6."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from starlette.responses import Response, StreamingResponse

from tests.sandbox.account_answers import applications_data, balance_data, charges_data
from tests.sandbox.answers import bad_request, json_answer, not_found
from tests.sandbox.pages import cut_page, page_of
from tests.sandbox.query import DetailQuery, parse_detail_query
from tests.sandbox.records import DetailRecord
from tests.sandbox.report_csv import write_csv
from tests.sandbox.reports import COMPLETE, Family, Report, report_data
from tests.sandbox.requests import Asked, Handler
from tests.sandbox.session_tree import session_tree
from tests.sandbox.usage import UsageForm, parse_usage_query, usage_options, usage_rows

DOWNLOAD_PATH = "/reports/{report_id}.csv"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`name` is what it is counted as; its path is the same where none is given."""

    name: str
    answer: Handler
    path: str = ""
    method: Literal["GET", "POST"] = "GET"


def _balance(asked: Asked) -> Response:
    return json_answer({"data": balance_data(asked.account)})


def _charges_summary(asked: Asked) -> Response:
    return json_answer({"data": charges_data(asked.account, asked.query)})


def _applications(asked: Asked) -> Response:
    return json_answer(cut_page(applications_data(asked.account), asked.query))


def _webhook_deliveries(asked: Asked) -> Response:
    return json_answer(cut_page(asked.account.deliveries.matching(asked.query), asked.query))


def _session_analysis(asked: Asked) -> Response:
    return json_answer(session_tree(asked.account, asked.path["record_type"], asked.path["event_id"]))


def _detail_records(asked: Asked) -> Response:
    account, query = asked.account, parse_detail_query(asked.parameters)
    matching = _matching(query, asked)
    first = (query.page_number - 1) * query.page_size
    rows = matching[first : min(first + query.page_size, account.settings.readable_rows)]
    if account.faults.arrivals_per_page:
        account.records.reveal(account.clock(), query.type.name, account.faults.arrivals_per_page)
    return json_answer(
        page_of([row.fields for row in rows], len(matching), query.page_number, query.page_size)
    )


def _matching(query: DetailQuery, asked: Asked) -> Sequence[DetailRecord]:
    account = asked.account
    unknown = query.unknown_fields()
    if unknown and account.faults.unknown_filter == "reject":
        raise bad_request(f"Filter field is invalid: {unknown[0]}")
    if unknown or account.faults.answers_nothing:
        return []
    now, days = account.clock(), account.faults.retention_days
    oldest = datetime.min.replace(tzinfo=now.tzinfo) if days is None else now - timedelta(days=days)
    listed = account.records.listed(query.type.name, now)
    return [record for record in listed if record.at >= oldest and query.accepts(record)]


def _usage_reports(asked: Asked) -> Response:
    account, query = asked.account, parse_usage_query(asked.query)
    now = account.clock()
    records = (record for name in query.type_names for record in account.records.visible(name, now))
    form = UsageForm(
        zero_days=account.settings.usage_zero_days == "explicit",
        decimals=account.settings.usage_decimals,
        float_noise=account.faults.usage_float_noise,
    )
    rows = usage_rows(query, records, form)
    first = (query.page_number - 1) * query.page_size
    shown = islice(rows, first, first + query.page_size)
    return json_answer(page_of(shown, len(rows), query.page_number, query.page_size))


def _usage_options(asked: Asked) -> Response:
    return json_answer({"data": usage_options(asked.query.get("product"))})


def _order_report(family: Family) -> Handler:
    def order(asked: Asked) -> Response:
        report = asked.account.reports.order(family, asked.body, asked.account.clock)
        return json_answer({"data": _report_data(report, asked)})

    return order


def _show_report(family: Family) -> Handler:
    def show(asked: Asked) -> Response:
        report = asked.account.reports.find(asked.path["report_id"], family)
        return json_answer({"data": _report_data(report, asked)})

    return show


def _report_data(report: Report, asked: Asked) -> dict[str, object]:
    account = asked.account
    return report_data(report, account.clock(), account.faults, asked.base_url)


def answer_download(asked: Asked) -> Response:
    """The CSV of a complete report. Raises ApiError 404."""
    account = asked.account
    report = account.reports.find(asked.path["report_id"])
    now = account.clock()
    if report.status(now, account.faults) != COMPLETE:
        raise not_found()
    lag_s = account.faults.report_message_lag_s if report.family == "messaging" else 0
    end = min(report.end, report.ordered_at - timedelta(seconds=lag_s)) if lag_s else report.end
    visible = account.records.visible(report.record_type.name, now)
    records = [record for record in visible if report.start <= record.at < end]
    return StreamingResponse(write_csv(report.record_type, records, account.faults), media_type="text/csv")


_REPORTS = "legacy/reporting/batch_detail_records"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("balance", _balance),
    Endpoint("detail_records", _detail_records),
    Endpoint("usage_reports", _usage_reports),
    Endpoint("usage_reports/options", _usage_options),
    Endpoint("charges_summary", _charges_summary),
    Endpoint("call_control_applications", _applications),
    Endpoint("webhook_deliveries", _webhook_deliveries),
    Endpoint("session_analysis", _session_analysis, "session_analysis/{record_type}/{event_id}"),
    Endpoint("reports", _order_report("voice"), f"{_REPORTS}/voice", "POST"),
    Endpoint("reports", _show_report("voice"), f"{_REPORTS}/voice/{{report_id}}"),
    Endpoint("reports", _order_report("messaging"), f"{_REPORTS}/messaging", "POST"),
    Endpoint("reports", _show_report("messaging"), f"{_REPORTS}/messaging/{{report_id}}"),
)

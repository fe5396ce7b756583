"""One reading of Telnyx's detail records: what is asked for, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.reconciler.windows import Window
from services.telnyx_vocabulary.detail_record import DetailRecord

Priority = Literal["person", "job", "background"]
IdKind = Literal["session", "call_control", "leg", "record"]


@dataclass(frozen=True, slots=True)
class IdFilter:
    """Restricts a reading to the records that carry one id."""

    kind: IdKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """All records of one type within a window or with one id, newest first. Exactly one of the two is given."""

    record_type: str
    priority: Priority
    window: Window | None = None
    id_filter: IdFilter | None = None

    def __post_init__(self) -> None:
        if (self.window is None) == (self.id_filter is None):
            raise ValueError("a reading needs a window or an id, not both")


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some of the records. One record can come on several pages."""

    records: tuple[DetailRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEnd:
    """Every page was read: `read_at` is when the last one was received, by telnyx-gateway's clock.

    `query_form` and `account_key` tell which empty answers prove something (design, rule 3.n).
    """

    total_results: int
    read_at: datetime
    query_form: str = ""
    account_key: str = ""
    request_count: int = 1

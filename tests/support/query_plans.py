"""How a store means to answer: the plans of the statements that a query sends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event, text

from services.common.database import Database


@dataclass(frozen=True, slots=True)
class Plans:
    """Runs a query as it is, and explains each statement that it sends."""

    database: Database

    def of(self, work: Callable[[Connection], object], *, may_sort: bool = False) -> str:
        """The plans, one step a line."""

        def explain(connection: Connection) -> str:
            sent: list[tuple[str, Any]] = []

            def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
                sent.append((statement, parameters))

            event.listen(connection, "before_cursor_execute", note)
            work(connection)
            event.remove(connection, "before_cursor_execute", note)
            if self.database.kind == "postgresql":
                # With few rows reading a whole table is cheaper; here the question is whether an index can serve.
                connection.execute(text("SET LOCAL enable_seqscan = off"))
                connection.execute(text(f"SET LOCAL enable_sort = {'on' if may_sort else 'off'}"))
            prefix = "EXPLAIN " if self.database.kind == "postgresql" else "EXPLAIN QUERY PLAN "
            return "\n".join(
                str(tuple(row))
                for statement, parameters in sent
                for row in connection.exec_driver_sql(prefix + statement, parameters)
            )

        return self.database.read(explain)

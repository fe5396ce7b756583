"""Made-up next migrations, and what a migration did to the tables."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect

from services.common.migrations import newest_revision

_MIGRATION = '''"""Made up."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "{revision}", {down_revision}
{runs_from}


def upgrade() -> None:
    {statements}
'''


def with_next(script_location: Path, folder: Path, *statements: str, runs_from: str | None = None) -> Path:
    """A copy of the migrations in `folder`, with one more. `runs_from`: the revision whose programs may go on."""
    copy = folder / f"next {newest_revision(script_location)} {len(list(folder.glob('next *')))}"
    shutil.copytree(script_location, copy, ignore=shutil.ignore_patterns("__pycache__"))
    last = newest_revision(copy)
    add_migration(copy, f"{int(last) + 1:04}", last, *statements, runs_from=runs_from)
    return copy


def add_migration(
    script_location: Path, revision: str, after: str | None, *statements: str, runs_from: str | None = None
) -> None:
    """Write one migration into a folder of them."""
    text = _MIGRATION.format(
        revision=revision,
        down_revision=repr(after),
        runs_from=f'runs_from = "{runs_from}"' if runs_from else "",
        statements="\n    ".join(statements),
    )
    (script_location / "versions" / f"{revision}_made_up.py").write_text(text)


@dataclass(frozen=True, slots=True)
class Shape:
    """Tables with their columns: (type, may be null, has a default)."""

    tables: dict[str, dict[str, tuple[str, bool, bool]]]

    def losses(self, after: "Shape") -> list[str]:
        """What a program that knows this shape would miss, or stumble over, in a later one."""
        missing = [name for name in self.tables if name not in after.tables]
        for name in self.tables.keys() & after.tables.keys():
            before, now = self.tables[name], after.tables[name]
            missing += [f"{name}.{column}" for column in before if before[column] != now.get(column)]
            missing += [
                f"{name}.{column}"
                for column, (_, may_be_null, has_default) in now.items()
                if column not in before and not may_be_null and not has_default
            ]
        return sorted(missing)


def read_shape(connection: Connection) -> Shape:
    """The tables as they are now."""
    inspector = inspect(connection)
    return Shape(
        {
            name: {
                found["name"]: (str(found["type"]), found["nullable"], found["default"] is not None)
                for found in inspector.get_columns(name)
            }
            for name in inspector.get_table_names()
        }
    )

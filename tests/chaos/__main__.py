"""Every plug is pulled, or those that are named: `make chaos ARGS="kills restarts"`.

    python -m tests.chaos [--quick] [--document] [PART ...]

Each part starts real processes on loopback, ends them by itself, and is kept as `var/chaos/<part>.json`. A Markdown
report of all parts that were ever kept is written to `var/chaos/report.md`, and with --document into
docs/reliability.md. It fails when a promise was not kept.
"""

import sys

from tests.benchmarks.suite import Suite
from tests.support.processes import ROOT

CHAOS = Suite(
    command="make chaos",
    description=__doc__,
    parts={
        "kills": "tests.chaos.kills.part",
        "cuts": "tests.chaos.cuts",
        "replicas": "tests.chaos.replicas",
        "restarts": "tests.chaos.restarts",
        "outages": "tests.chaos.outages",
    },
    folder=ROOT / "var" / "chaos",
    document=ROOT / "docs" / "reliability.md",
)

if __name__ == "__main__":
    try:
        sys.exit(0 if CHAOS.run() else 1)
    except KeyboardInterrupt:
        sys.exit(130)

"""What gRPC is told about the calls between the services: how they are spread, and which of them it may repeat."""

import json
from typing import Any, Final

AT_MOST_ONCE: Final = (
    ("tollbook.telnyx.v1.ReportService", "CreateReport"),
    ("tollbook.reconciler.v1.ReconcilerService", "ProcessDue"),
)
"""The methods that are not idempotent: in the protos all others say that they are."""

REPEATED_STATUS_CODES: Final = ("UNAVAILABLE", "CANCELLED")
"""No answer of ours, but what gRPC makes of a connection that broke. A server that ends answers CANCELLED to what
reaches it in that very moment; no servicer of ours ever does.
"""

_RETRY_POLICY: Final = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": list(REPEATED_STATUS_CODES),
}


def service_config() -> str:
    """gRPC's service config as JSON.

    Calls go to all servers of a target in turn. A transport failure of a call that may be repeated is followed by the
    next attempt, elsewhere if there is an elsewhere; a service's own considered errors carry a pushback that forbids it
    (see interceptors). What certainly never reached a server gRPC repeats in any case.
    """
    repeated: dict[str, Any] = {"name": [{}], "retryPolicy": _RETRY_POLICY}
    once = {"name": [{"service": service, "method": method} for service, method in AT_MOST_ONCE]}
    return json.dumps({"loadBalancingConfig": [{"round_robin": {}}], "methodConfig": [repeated, once]})

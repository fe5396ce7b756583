"""Where a test can end, freeze or delay telnyx-gateway: between any two steps (services/common/failpoints.py)."""

from typing import Final

from services.common.failpoints import Failpoint

REQUEST_PERMITTED: Final = Failpoint("telnyx_gateway.request.permitted")
"""The quota has let a request go; it is not sent."""
REQUEST_ANSWERED: Final = Failpoint("telnyx_gateway.request.answered")
"""Telnyx has answered; nobody was told, and the quota is not learned from it."""
PAGE_READ: Final = Failpoint("telnyx_gateway.page.read")
"""A page of detail records is read, and not handed on."""
PAGE_TOLD: Final = Failpoint("telnyx_gateway.page.told")
"""A page is handed on; others, or the word that there is none, are to come."""
REPORT_ORDERED: Final = Failpoint("telnyx_gateway.report.ordered")
"""Telnyx makes a report; who ordered it does not know its id."""
REPORT_TOLD: Final = Failpoint("telnyx_gateway.report.told")
"""Some rows of a report are handed on; others, or its end, are to come."""
DELIVERY_TOLD: Final = Failpoint("telnyx_gateway.delivery.told")
"""A failed delivery is handed on; others, or the end, are to come."""

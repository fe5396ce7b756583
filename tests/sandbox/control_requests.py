"""What the remote control can be asked for."""

from decimal import Decimal
from typing import Annotated

import msgspec

from tests.sandbox.call_cost import Form, When
from tests.sandbox.events import Product
from tests.sandbox.finances import Kind


class Creation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to let happen. With `deliver` false its webhooks wait for `POST /_sandbox/deliver`.

    `call_cost` and `call_cost_form` are drawn from the seed where they are not given.
    """

    kind: str = "mixed"
    count: int = 1
    ended_ago_s: float = 0.0
    deliver: bool = True
    visible_at_once: bool = False
    call_cost: When | None = None
    call_cost_form: Form = "parts"


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    on: bool


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0


class Revision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A correction of one record's amount."""

    record_type: str
    record_id: str
    amount: Decimal


class Injection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record of anyone's making; `charge` is what it adds to the bill, under `other`."""

    record_type: str
    fields: dict[str, object]
    charge: Decimal = Decimal(0)


class RawWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body of anyone's making, to be signed and sent as it is."""

    product: Product
    body: str


class Oddity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record that is odd in the way of this kind of `odd_records`."""

    kind: str


class Vanishing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record that detail_records show no more; with `everywhere` it was never charged either."""

    record_type: str
    record_id: str
    everywhere: bool = False


class Booking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A movement of the balance that is no usage; a credit is a negative amount."""

    kind: Kind
    amount: Decimal
    ago_s: float = 0.0
    description: str = ""


class Past(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a history to make up, up to now."""

    days: Annotated[int, msgspec.Meta(ge=1, le=400)] = 30

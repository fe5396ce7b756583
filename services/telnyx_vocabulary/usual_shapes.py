"""The shape of the webhooks that Telnyx sends today, typed; a body of another shape does not decode into it.

Source: Telnyx facts, section 2. Texts may be absent or null, which Telnyx uses in the same sense.
"""

from typing import Annotated, TypeAlias

import msgspec

from services.telnyx_vocabulary.json_values import ABSENT, MAX_ID_LENGTH, MAX_ITEMS, MAX_TEXT_LENGTH

_Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_ID_LENGTH)] | None
_FreeText: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_LENGTH)] | None
_Bounded = msgspec.Meta(max_length=MAX_ITEMS)


class Amount(msgspec.Struct, gc=False):
    """`{amount, currency}`."""

    amount: _Text = None
    currency: _Text = None


class Party(msgspec.Struct, gc=False):
    """The sender, or one of the recipients, of a message."""

    phone_number: _Text = None
    status: _Text = None


class StatedPart(msgspec.Struct):
    """One of the parts of a `call.cost`."""

    call_part: _Text = None
    type: _Text = None
    cost: _Text | Amount = None
    rate: _Text = None
    currency: _Text = None
    billed_duration_secs: msgspec.Raw = ABSENT


class CostBreakdown(msgspec.Struct):
    """What a message's price is made of."""

    carrier_fee: _Text | Amount = None


class Payload(msgspec.Struct, rename={"sender": "from", "recipient": "to"}):
    """What every kind of event says, in one: each has some of it."""

    call_session_id: _Text = None
    call_control_id: _Text = None
    call_leg_id: _Text = None
    connection_id: _Text = None
    client_state: _FreeText = None
    direction: _Text = None
    sender: _Text | Party = None
    recipient: _Text | Party | Annotated[list[Party], _Bounded] = None
    start_time: _Text = None
    end_time: _Text = None
    hangup_cause: _Text = None
    recording_id: _Text = None
    tags: Annotated[list[_Text], _Bounded] | None = None
    # Of `call.cost`.
    status: _Text = None
    cost_parts: Annotated[list[StatedPart], _Bounded] | None = None
    total_cost: _Text | Amount = None
    cost: _Text | Amount = None
    amount: _Text | Amount = None
    currency: _Text = None
    # Of messages.
    id: _Text = None
    parts: msgspec.Raw = ABSENT
    cost_breakdown: CostBreakdown | None = None
    completed_at: _Text = None


class Data(msgspec.Struct):
    """The event itself."""

    event_type: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_LENGTH)]
    id: _Text = None
    occurred_at: _Text = None
    created_at: _Text = None
    payload: Payload | None = None


class Body(msgspec.Struct):
    """The whole body."""

    data: Data

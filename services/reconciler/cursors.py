"""Page tokens of ListJobs: opaque to callers."""

import base64
import binascii

from services.common.errors import InvalidInput
from services.common.times import from_micros, to_micros
from services.reconciler.jobs import JobPosition

_MAX_LENGTH = 64


def write_token(position: JobPosition | None) -> str:
    """A token for the place where a listing goes on; empty at the end."""
    if position is None:
        return ""
    return base64.urlsafe_b64encode(f"{to_micros(position.updated_at)}:{position.row_id}".encode()).decode()


def read_token(token: str) -> JobPosition | None:
    """The inverse of write_token. Raises InvalidInput for a token that is not ours."""
    if not token:
        return None
    try:
        if len(token) > _MAX_LENGTH:
            raise ValueError(token)
        micros, row_id = base64.b64decode(token, altchars=b"-_", validate=True).decode("ascii").split(":")
        return JobPosition(from_micros(int(micros)), int(row_id))
    except (ValueError, OverflowError, binascii.Error) as error:
        raise InvalidInput("the page token is not one that was given out", field="page_token") from error

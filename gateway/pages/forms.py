"""The forms of our own pages: what a button on one of them sends, and nobody else may."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from gateway.bodies import read_body
from gateway.problems import Problem
from gateway.same_origin import is_same_origin

_MAX_FORM_BYTES = 16 * 1024
_MAX_FIELDS = 8
_FORM_TYPE = "application/x-www-form-urlencoded"


async def read_own_form(request: Request) -> dict[str, str]:
    """The fields of a form on a page of ours, of several with one name the first. Raises Problem."""
    if not is_same_origin(request.headers):
        raise Problem(403, "this button is only taken from Tollbook's own pages")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM_TYPE:
        raise Problem(400, f"the body must be a form ({_FORM_TYPE})")
    body = await read_body(request.scope, request.receive, _MAX_FORM_BYTES)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Problem(400, "the form cannot be read") from None
    return dict(reversed(pairs))

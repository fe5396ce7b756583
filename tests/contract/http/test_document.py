"""The OpenAPI document and the code agree, in both directions."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from gateway import answers, audit_answers, balance_answers, witness_answers
from gateway.access import Access
from gateway.api_keys import ApiKey, Scope, digest_of
from gateway.app import WEBHOOK_PATHS, build_routed_app
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.rest_contract import (
    assert_as_documented,
    assert_problem,
    documented_operations,
    read_contract,
    read_document,
)

SHAPES = vars(answers) | vars(audit_answers) | vars(balance_answers) | vars(witness_answers)
SCHEMAS = read_document()["components"]["schemas"]


def _served(app: Starlette) -> Iterator[tuple[str, str]]:
    """Method and path of what is for programs; the page's own pages and files are not."""
    for route in app.routes:
        if isinstance(route, Mount) or (isinstance(route, Route) and route.path.startswith("/billing/")):
            continue
        assert isinstance(route, Route)
        if route.path == "/":
            continue
        assert route.methods is not None, f"{route.path} does not say its methods"
        methods = route.methods - {"HEAD"}
        yield from ((method, route.path.replace(":path}", "}")) for method in methods)
    yield from ((method, path) for path in WEBHOOK_PATHS for method in ("GET", "POST"))


async def test_the_document_names_what_there_is_and_nothing_else(edge: EdgeUnderTest) -> None:
    assert set(documented_operations()) == set(_served(build_routed_app(edge.edge)))


async def test_it_is_served_as_it_is(edge: EdgeUnderTest) -> None:
    response = await edge.client.get("/openapi.json")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == read_document()
    assert response.json()["openapi"] == "3.1.0"


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, schema in SCHEMAS.items()
        if schema.get("type") == "object" and name not in {"Problem", "Success", "Readiness"}
    ],
)
def test_every_shape_is_that_of_an_answer(name: str) -> None:
    fields = msgspec.structs.fields(SHAPES[name])
    described = SCHEMAS[name]
    assert set(described["properties"]) == {field.encode_name for field in fields}
    # What can be UNSET is left out of an answer.
    always = {field.encode_name for field in fields if field.default is not msgspec.UNSET}
    assert set(described["required"]) == always


@pytest.mark.parametrize(("method", "path"), documented_operations())
async def test_what_asks_for_a_key_says_so(method: str, path: str) -> None:
    operation = read_document()["paths"][path][method.lower()]
    key = ApiKey("none", frozenset[Scope](), digest_of(b"opens-nothing"), is_short=False)
    async with open_edge_under_test(Access(keys=(key,))) as edge:
        url = path.replace("{id}", "v3:abc")
        response = await edge.client.request(method, url)
        refused = await edge.client.request(method, url, headers={"authorization": "Bearer opens-nothing"})
    if operation.get("security") == []:
        assert response.status_code != 401 or "telnyx-signature" in response.text
        return
    assert (response.status_code, refused.status_code) == (401, 403)
    assert response.headers["www-authenticate"]
    assert "API_KEYS" in response.text
    assert "scope" in refused.text
    assert_as_documented(response)
    assert_as_documented(refused)


@pytest.mark.parametrize("path", read_document()["paths"])
async def test_methods_that_there_are_not_are_refused_with_those_that_there_are(
    edge: EdgeUnderTest, path: str
) -> None:
    known = {method for method, documented in documented_operations() if documented == path}
    for method in {"POST", "PUT", "PATCH", "DELETE"} - known:
        response = await edge.client.request(method, path.replace("{id}", "v3:abc"))
        assert_problem(response, 405, "")
        assert set(response.headers["allow"].split(", ")) - {"HEAD"} == known


def _examples() -> Iterator[Any]:
    components = read_document()["components"]["responses"]
    for method, path in documented_operations():
        for status, described in read_document()["paths"][path][method.lower()]["responses"].items():
            resolved = components[described["$ref"].rpartition("/")[2]] if "$ref" in described else described
            for media_type, content in resolved["content"].items():
                if "example" in content:
                    case = (method, path, int(status), media_type, content["example"])
                    yield pytest.param(*case, id=f"{method} {path} {status} {media_type}")


@pytest.mark.parametrize(("method", "path", "status", "media_type", "example"), list(_examples()))
def test_every_example_is_one(method: str, path: str, status: int, media_type: str, example: Any) -> None:
    content = example.encode() if isinstance(example, str) else msgspec.json.encode(example)
    response = httpx.Response(
        status,
        headers={"content-type": media_type},
        content=content,
        request=httpx.Request(method, "http://localhost/"),
    )
    response.elapsed = timedelta()
    read_contract()[path][method].validate_response(response)
    if media_type == "application/problem+json":
        assert example["status"] == status

"""The REST contract as its OpenAPI document tells it, to hold answers against."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
import msgspec
import schemathesis
import yaml
from schemathesis.config import SchemathesisConfig

from tests.support.processes import ROOT

PROBLEM = "application/problem+json"


@cache
def read_document() -> Mapping[str, Any]:
    """The document as JSON values."""
    text = (ROOT / "gateway" / "openapi.yaml").read_text("utf-8")
    # Once through JSON: what is served is JSON, and YAML's anchors would be the same objects.
    document: Mapping[str, Any] = msgspec.json.decode(msgspec.json.encode(yaml.safe_load(text)))
    return document


def _config() -> SchemathesisConfig:
    config = SchemathesisConfig(seed=20261122)
    config.projects.default.generation.update(with_security_parameters=False)
    return config


@cache
def read_contract() -> schemathesis.BaseSchema:
    """The document as schemathesis reads it. What it generates is the same in every run."""
    contract = schemathesis.openapi.from_dict(dict(read_document()), config=_config())
    contract.validate()
    return contract


def documented_operations() -> list[tuple[str, str]]:
    """Method and path template of every operation."""
    paths: Mapping[str, Mapping[str, Any]] = read_document()["paths"]
    return [(method.upper(), path) for path, operations in paths.items() for method in operations]


def assert_as_documented(response: httpx.Response) -> None:
    """An answer of a documented operation has a documented status, content type and shape; any other is a problem."""
    request = response.request
    template = _template_of(request.url.path)
    method = "GET" if request.method == "HEAD" else request.method
    operation = read_document()["paths"].get(template, {}).get(method.lower())
    if operation is None:
        assert response.status_code in (403, 404, 405), f"{method} {request.url.path} is not documented"
        assert_is_problem(response)
        return
    described = operation["responses"]
    if request.method == "HEAD":
        assert response.status_code == 204 or str(response.status_code) in described
        return
    assert str(response.status_code) in described, f"{method} {template} does not know {response.status_code}"
    read_contract()[template][method].validate_response(response)
    content = _resolved(described[str(response.status_code)])["content"]
    assert response.headers["content-type"].partition(";")[0] in content
    if PROBLEM in content:
        assert_is_problem(response)


def assert_is_problem(response: httpx.Response) -> None:
    """A problem document whose text is there twice, with the headers that its status asks for."""
    assert response.headers["content-type"] == PROBLEM
    content = response.json()
    assert content["status"] == response.status_code
    assert content["error"] == content["detail"] != ""
    needed = {405: "allow", 503: "retry-after"}.get(response.status_code)
    assert needed is None or response.headers[needed]


def assert_problem(response: httpx.Response, status: int, error: str, field: str | None = None) -> None:
    """This very problem: its status, a part of its sentence, and the field it names."""
    assert response.status_code == status
    assert_is_problem(response)
    content = response.json()
    assert error in content["error"]
    assert content.get("field") == field


def _template_of(path: str) -> str:
    for template in read_document()["paths"]:
        pattern = ".+".join(map(re.escape, re.split(r"\{\w+\}", template)))
        if re.fullmatch(pattern, path, re.DOTALL):
            return str(template)
    return ""


def _resolved(response: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = response.get("$ref")
    if reference is None:
        return response
    name = str(reference).rpartition("/")[2]
    resolved: Mapping[str, Any] = read_document()["components"]["responses"][name]
    return resolved

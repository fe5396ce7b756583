"""Every method says in its proto whether it may be repeated, and gRPC repeats those that may and no others."""

import json

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from services.common.service_config import AT_MOST_ONCE, service_config
from tests.support.protos import all_methods


def _may_be_repeated(method: MethodDescriptor) -> bool:
    return bool(method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN)


def test_what_is_not_idempotent_in_the_protos_goes_out_once() -> None:
    once = {
        (method.containing_service.full_name, method.name)
        for method in all_methods()
        if not _may_be_repeated(method)
    }
    assert once == set(AT_MOST_ONCE)


@pytest.mark.parametrize("method", all_methods(), ids=lambda method: method.name)
def test_requests_do_not_stream(method: MethodDescriptor) -> None:
    """Neither the deadlines of channels nor the guards of servers know such methods."""
    assert not method.client_streaming


def test_only_named_methods_are_left_without_a_retry_policy() -> None:
    without = [item for item in json.loads(service_config())["methodConfig"] if "retryPolicy" not in item]
    named = {(name["service"], name["method"]) for item in without for name in item["name"]}
    assert named == set(AT_MOST_ONCE)

"""Every service that the protos describe."""

import importlib

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from tests.support.processes import ROOT

_PROTOS = ROOT / "protos"


def all_services() -> list[ServiceDescriptor]:
    """In the order of their files."""
    names = [
        ".".join(path.relative_to(_PROTOS).with_suffix("").parts) for path in sorted(_PROTOS.rglob("*.proto"))
    ]
    files = [importlib.import_module(f"{name}_pb2").DESCRIPTOR for name in names]
    return [service for file in files for service in file.services_by_name.values()]


def all_methods() -> list[MethodDescriptor]:
    """Of all services."""
    return [method for service in all_services() for method in service.methods_by_name.values()]

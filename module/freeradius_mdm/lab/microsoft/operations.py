"""What the simulator tells apart: services by host name, operations by path."""

from __future__ import annotations

from enum import StrEnum


class Service(StrEnum):
    """Which of the simulated services a host name belongs to."""

    LOGIN = "login"
    GRAPH = "graph"
    CRS = "crs"
    OTHER = "other"


class Operation(StrEnum):
    """What a call asks for; personalities and counters go by it."""

    OIDC = "oidc"
    TOKEN = "token"  # noqa: S105 (the name of a path, no secret)
    INSTANCE = "instance"
    ENDPOINTS = "endpoints"
    MANAGED_DEVICES = "managed-devices"
    BATCH = "batch"
    APPLICATIONS = "applications"
    MDMINFO = "mdminfo"
    DEVICE = "device"
    BULK = "bulk"
    RETIRED = "retired"
    OTHER = "other"


CRS_OPERATIONS = frozenset({Operation.MDMINFO, Operation.DEVICE, Operation.BULK})

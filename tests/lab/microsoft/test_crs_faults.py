"""Personalities of CRS answers."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from tests.lab.microsoft.client import DEVICE, OTHER_DEVICE, LabClient

INFO = "/ciscoise/mdminfo/?ise_api_version=3"

UNKNOWN = [
    ("unknown-empty", 200, "<api_version>3</api_version><deviceList/></ise_api>"),
    ("unknown-nolist", 200, "<api_version>3</api_version></ise_api>"),
    ("unknown-nil", 200, '<api_version>3</api_version><deviceList i:nil="true"/></ise_api>'),
    (
        "unknown-false",
        200,
        f"<guid>{OTHER_DEVICE}</guid><register_status>false</register_status><Compliance><status>true</status>"
        "</Compliance></Attributes></device></deviceList></ise_api>",
    ),
    ("unknown-404", 404, "Not Found"),
]


@pytest.mark.parametrize(("personality", "status", "end"), UNKNOWN)
def test_unknown_devices(sim: SimulatedMicrosoft, client: LabClient, personality: str, status: int, end: str) -> None:
    sim.fault(personality)

    answer = client.device(OTHER_DEVICE)
    assert answer.status_code == status
    assert answer.text.endswith(end)
    # Only the unknown ones: others are answered as ever.
    assert DEVICE in client.device().text


def test_lower_case(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("lowercase-no-ns")

    assert client.device().text == (
        "<ise_api><name>attributes</name><api_version>3</api_version><deviceList>"
        f"<device><guid>{DEVICE}</guid><attributes><guid>{DEVICE}</guid><register_status>true</register_status>"
        "<compliance><status>false</status></compliance></attributes></device></deviceList></ise_api>"
    )


def test_nil_compliance(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("nil-compliance")

    assert '<register_status>true</register_status><Compliance i:nil="true"/></Attributes>' in client.device().text


@pytest.mark.parametrize("ask", [LabClient.device, LabClient.mac])
def test_wrong_guid(sim: SimulatedMicrosoft, client: LabClient, ask: Any) -> None:
    sim.fault("wrong-guid")

    text = ask(client).text
    assert DEVICE not in text
    assert "005056A1B2C3" not in text
    assert "<status>true</status>" in text


def test_two_devices(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("two-devices")

    text = client.device().text
    assert text.count("<device>") == 2
    assert text.index("<status>true</status>") < text.index(DEVICE) < text.index("<status>false</status>")


@pytest.mark.parametrize("tail", ["device", "mdminfo"])
def test_json_instead(sim: SimulatedMicrosoft, client: LabClient, tail: str) -> None:
    sim.fault("json-instead")

    answer = client.device() if tail == "device" else client.crs(INFO)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json()["api_version"] == 3


def test_html(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("html-200")

    answer = client.device()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_utf16(sim: SimulatedMicrosoft, client: LabClient) -> None:
    plain = client.device().text
    sim.fault("utf16-bom")

    content = client.device().content
    assert content[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert content.decode("utf-16") == f'<?xml version="1.0" encoding="utf-16"?>{plain}'


def test_entity(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.fault("dtd-entity")

    text = client.device().text
    assert text.startswith("<!DOCTYPE ise_api [<!ENTITY")
    # What a careless parser makes of a non-compliant device.
    statuses = [element.text for element in ElementTree.fromstring(text).iter() if element.tag.endswith("}status")]  # noqa: S314
    assert statuses == ["true"]


@pytest.mark.parametrize(
    ("ask", "options", "size"),
    [
        (LabClient.device, {}, 2 * 1024 * 1024),
        (LabClient.bulk, {}, 9 * 1024 * 1024),
        (LabClient.device, {"bytes": "5000"}, 5000),
    ],
)
def test_huge_body(sim: SimulatedMicrosoft, client: LabClient, ask: Any, options: dict[str, str], size: int) -> None:
    sim.fault("huge-body", **options)

    content = ask(client).content
    assert len(content) == size
    assert ElementTree.fromstring(content) is not None  # noqa: S314


def test_one_device_only(sim: SimulatedMicrosoft, client: LabClient) -> None:
    sim.set_device(OTHER_DEVICE)
    sim.fault("wrong-guid", path=f"*value={OTHER_DEVICE}*")

    assert DEVICE in client.device().text
    assert OTHER_DEVICE not in client.device(OTHER_DEVICE).text

"""Documents as published (intune.md section 4), and every variation section 5 tells us to accept."""

import pytest

from freeradius_mdm.mdm.crs_answers import (
    BULK_LIMIT,
    CrsProtocolError,
    read_devices,
    read_mdminfo,
)
from freeradius_mdm.mdm.crs_xml import XmlRefused

NS = (
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns="http://schemas.datacontract.org/2004/07/Microsoft.Intune.ResourceAccess.ComplianceRetrievalService.Model"'
)
GUID = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"

MDMINFO = f"""<ise_api {NS}>
 <name>mdminfo</name><api_version>3</api_version>
 <api_path>/TrafficGateway/TrafficRoutingService/ResourceAccess/ComplianceRetrievalService/cisco</api_path>
 <redirect_url>https://portal.manage.microsoft.com/networkaccesscontrol/index</redirect_url>
 <query_max_size>100</query_max_size><messaging_support>false</messaging_support>
 <vendor>Microsoft</vendor><product_name>Microsoft Intune</product_name><product_version>5.0</product_version>
</ise_api>"""

DEVICE = f"""<ise_api {NS}><name>attributes</name><api_version>3</api_version>
 <deviceList><device><guid>{GUID}</guid><Attributes><guid>{GUID}</guid>
  <register_status>true</register_status><Compliance><status>false</status></Compliance></Attributes></device></deviceList></ise_api>"""


def answer(inner: str, name: str = "attributes") -> bytes:
    return f"<ise_api {NS}><name>{name}</name><api_version>3</api_version>{inner}</ise_api>".encode()


def test_mdminfo_as_published() -> None:
    info = read_mdminfo(MDMINFO.encode())
    assert info.api_version == 3
    assert info.api_path == "/TrafficGateway/TrafficRoutingService/ResourceAccess/ComplianceRetrievalService/cisco"
    assert info.redirect_url == "https://portal.manage.microsoft.com/networkaccesscontrol/index"
    assert info.query_max_size == 100
    assert (info.vendor, info.product_name, info.product_version) == ("Microsoft", "Microsoft Intune", "5.0")


def test_cisco_has_5000_when_no_page_size_comes() -> None:
    body = MDMINFO.replace("<query_max_size>100</query_max_size>", "")
    assert read_mdminfo(body.encode()).query_max_size == 5000


@pytest.mark.parametrize("version", ["2", "", "three", "-3"])
def test_an_older_api_is_refused(version: str) -> None:
    body = MDMINFO.replace("<api_version>3<", f"<api_version>{version}<")
    with pytest.raises(CrsProtocolError, match="api_version"):
        read_mdminfo(body.encode())


@pytest.mark.parametrize("path", ["https://attacker.example/x", "//attacker.example/x", "x/y", "/a/../b", "/a b"])
def test_api_path_names_no_host(path: str) -> None:
    body = MDMINFO.replace("<api_path>/TrafficGateway", f"<api_path>{path}")
    body = body[: body.index(path) + len(path)] + body[body.index("</api_path>") :]
    with pytest.raises(CrsProtocolError, match="api_path"):
        read_mdminfo(body.encode())


@pytest.mark.parametrize(
    "address", ["http://portal.example/", "javascript:alert(1)", 'https://x/"y', "", "https://a b"]
)
def test_users_are_sent_to_https_only(address: str) -> None:
    body = MDMINFO.replace("https://portal.manage.microsoft.com/networkaccesscontrol/index", address)
    assert read_mdminfo(body.encode()).redirect_url == ""


def test_device_as_published() -> None:
    listed = read_devices(DEVICE.encode())
    assert len(listed.devices) == 1
    device = listed.devices[0]
    assert device.guids == (GUID,)
    assert (device.registered, device.compliant, device.macs) == (True, False, ())
    assert (listed.next_page, listed.busy_wait) == (None, 0.0)


def test_ciscos_spelling() -> None:
    body = f"""<ise_api><deviceList><device><attributes><register_status>TRUE</register_status>
      <compliance><status>1</status></compliance></attributes><guid>{{{GUID.upper()}}}</guid></device></deviceList></ise_api>"""
    device = read_devices(body.encode()).devices[0]
    assert (device.guids, device.registered, device.compliant) == ((GUID,), True, True)


@pytest.mark.parametrize(
    "inner",
    [
        "<deviceList/>",
        "<deviceList></deviceList>",
        "",
        '<deviceList i:nil="true"/>',
        '<deviceList><device i:nil="true"/></deviceList>',
    ],
)
def test_no_device(inner: str) -> None:
    assert read_devices(answer(inner)).devices == ()


@pytest.mark.parametrize(
    ("compliance", "value"),
    [
        ("<Compliance><status>true</status></Compliance>", True),
        ("<Compliance><status>0</status></Compliance>", False),
        ("<Compliance><status> False </status></Compliance>", False),
        ("<Compliance><status/></Compliance>", None),
        ('<Compliance><status i:nil="true"/></Compliance>', None),
        ('<Compliance i:nil="true"/>', None),
        ("<Compliance><status>maybe</status></Compliance>", None),
        ("", None),
    ],
)
def test_compliance(compliance: str, value: bool | None) -> None:
    attributes = f"<Attributes><register_status>true</register_status>{compliance}</Attributes>"
    listed = read_devices(answer(f"<deviceList><device>{attributes}</device></deviceList>"))
    assert listed.devices[0].compliant is value


@pytest.mark.parametrize(
    ("element", "macs"),
    [
        ("<macaddress>005056A1B2C3</macaddress>", ("005056A1B2C3",)),
        ("<macaddress>00:50:56:a1:b2:c3</macaddress>", ("005056A1B2C3",)),
        ("<macaddresses>00-50-56-a1-b2-c3, 0050.56a1.b2c4</macaddresses>", ("005056A1B2C3", "005056A1B2C4")),
        (
            "<macaddresses><string>005056A1B2C3</string><string>005056A1B2C4</string></macaddresses>",
            ("005056A1B2C3", "005056A1B2C4"),
        ),
        ("<macaddress>nonsense</macaddress>", ()),
        ("<macaddress/>", ()),
        (
            "<macaddresses>" + ",".join(f"00000000000{n}" for n in range(7)) + "</macaddresses>",
            tuple(f"00000000000{n}" for n in range(5)),
        ),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_macs(element: str, macs: tuple[str, ...], inside: bool) -> None:
    inner = f"<Attributes>{element}</Attributes>" if inside else f"{element}<Attributes/>"
    listed = read_devices(answer(f"<deviceList><device>{inner}</device></deviceList>"))
    assert listed.devices[0].macs == macs


def test_fields_that_intune_does_not_send_today_are_kept() -> None:
    inner = """<deviceList><device><Attributes>
      <os_version>17.1</os_version><lastCheckinTimeStamp>1700000000000</lastCheckinTimeStamp><new_thing>1</new_thing>
      <Compliance><status>false</status><failure_reason>no PIN</failure_reason></Compliance>
      </Attributes></device></deviceList>"""
    details = read_devices(answer(inner)).devices[0].details
    assert details == {"os_version": "17.1", "lastcheckintimestamp": "1700000000000", "failure_reason": "no PIN"}


@pytest.mark.parametrize(
    ("info", "marker"),
    [
        ("<paging_info>0</paging_info>", None),
        ("<paging_info/>", None),
        ('<paging_info i:nil="true"/>', None),
        ("", None),
        ("<paging_info>opaque+/=%20marker</paging_info>", "opaque+/=%20marker"),
        ("<paging_info>00</paging_info>", "00"),
    ],
)
def test_paging_is_opaque(info: str, marker: str | None) -> None:
    assert read_devices(answer(f"{info}<deviceList/>"), BULK_LIMIT).next_page == marker


@pytest.mark.parametrize(("text", "seconds"), [("30", 30.0), ("0", 0.0), ("-1", 0.0), ("x", 0.0), ("99999", 3600.0)])
def test_busy_wait(text: str, seconds: float) -> None:
    inner = f"<server_busy_wait_seconds>{text}</server_busy_wait_seconds><deviceList/>"
    assert read_devices(answer(inner)).busy_wait == seconds


def test_another_root_is_no_answer() -> None:
    with pytest.raises(CrsProtocolError, match="root"):
        read_devices(b"<html><body/></html>".replace(b"html", b"error"))


def test_another_document_is_no_empty_list() -> None:
    with pytest.raises(CrsProtocolError, match="mdminfo"):
        read_devices(MDMINFO.encode())


def test_the_size_is_capped() -> None:
    with pytest.raises(XmlRefused, match="bytes"):
        read_devices(answer(" " * (1 << 20)))

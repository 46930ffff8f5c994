"""Picking and judging the address (intune.md section 3)."""

from typing import Any

import pytest

from freeradius_mdm.mdm.crs_address import AddressRefused, check, is_outside, lists_only_nac_v1, pick

SUFFIXES = (".manage.microsoft.com",)
GOOD = (
    "https://fef.msud01.manage.microsoft.com/TrafficGateway/TrafficRoutingService/ResourceAccess/"
    "ComplianceRetrievalService"
)


def record(**values: Any) -> dict[str, Any]:
    return {"capability": "x", "providerName": "x", "uri": "https://x.example", **values}


@pytest.mark.parametrize(
    ("records", "uris"),
    [
        ([record(), record(providerName="ComplianceRetrievalService", uri=GOOD)], (GOOD,)),
        ([record(providerName="COMPLIANCERETRIEVALSERVICE", uri=GOOD)], (GOOD,)),
        # fallbacks, in their order
        ([record(capability="ComplianceRetrievalService", uri=GOOD)], (GOOD,)),
        ([{"serviceName": "ComplianceRetrievalService", "uri": GOOD}], (GOOD,)),
        (
            [
                record(capability="ComplianceRetrievalService", uri="https://second.example"),
                record(providerName="ComplianceRetrievalService", uri=GOOD),
            ],
            (GOOD,),
        ),
        # two records
        ([record(providerName="ComplianceRetrievalService", uri=GOOD)] * 2, (GOOD,)),
        (
            [
                record(providerName="ComplianceRetrievalService", uri="https://a.example"),
                record(providerName="ComplianceRetrievalService", uri="https://b.example"),
            ],
            ("https://a.example", "https://b.example"),
        ),
        # decoys
        ([record(providerName="PartnerComplianceService", uri=GOOD)], ()),
        ([record(providerName="ComplianceRetrievalService2", uri=GOOD)], ()),
        ([record(uri=GOOD)], ()),
        # what a list may hold
        ([record(providerName="ComplianceRetrievalService", uri=None)], ()),
        ([{"providerName": "ComplianceRetrievalService"}], ()),
        ([record(providerName=None), record(providerName=7, uri="AMSUD0101"), None, "text", 5], ()),
        ([], ()),
    ],
)
def test_picking(records: list[object], uris: tuple[str, ...]) -> None:
    assert pick(records) == uris


def test_retired_service() -> None:
    assert lists_only_nac_v1([record(providerName="NACAPIService")])
    assert lists_only_nac_v1([record(uri="https://fef.x.manage.microsoft.com/StatelessNACService")])
    assert not lists_only_nac_v1([record(), None])


@pytest.mark.parametrize(
    ("uri", "checked"),
    [
        (GOOD, GOOD),
        (GOOD + "/", GOOD),
        ("https://FEF.Msud01.Manage.Microsoft.COM/A", "https://fef.msud01.manage.microsoft.com/A"),
        ("https://fef.msud01.manage.microsoft.com:443/A", "https://fef.msud01.manage.microsoft.com/A"),
        ("https://a.manage.microsoft.com", "https://a.manage.microsoft.com"),
        ("https://crs.lab.example/x", "https://crs.lab.example/x"),
    ],
)
def test_good_addresses(uri: str, checked: str) -> None:
    assert check(uri, SUFFIXES, ("crs.lab.example",)) == checked


@pytest.mark.parametrize(
    "uri",
    [
        # another host
        "https://attacker.example/x",
        "https://fef.manage.microsoft.com.attacker.example/x",
        "https://evilmanage.microsoft.com/x",
        "https://manage.microsoft.com/x",
        "https://.manage.microsoft.com/x",
        "https://a..manage.microsoft.com/x",
        "https://a.manage.microsoft.com./x",
        "https://sub.crs.lab.example/x",
        "https://10.1.2.3/x",
        "https://[2001:db8::1]/x",
        "https://[::ffff:10.1.2.3]/x",
        "https:///x",
        "https:x",
        "https://-a.manage.microsoft.com/x",
        "https://a_b.manage.microsoft.com/x",
        # another scheme, user, port
        "http://a.manage.microsoft.com/x",
        "ftp://a.manage.microsoft.com/x",
        "//a.manage.microsoft.com/x",
        "https://user@a.manage.microsoft.com/x",
        "https://a.manage.microsoft.com@attacker.example/x",
        "https://attacker.example\\@a.manage.microsoft.com/x",
        "https://@a.manage.microsoft.com/x",
        "https://a.manage.microsoft.com:8443/x",
        "https://a.manage.microsoft.com:/x",
        "https://a.manage.microsoft.com:0443x/x",
        # query, fragment, path
        "https://a.manage.microsoft.com/x?y",
        "https://a.manage.microsoft.com/x?",
        "https://a.manage.microsoft.com/x#",
        "https://a.manage.microsoft.com/x/../y",
        "https://a.manage.microsoft.com/./y",
        "https://a.manage.microsoft.com/..",
        "https://a.manage.microsoft.com//x",
        "https://a.manage.microsoft.com/x//",
        "https://a.manage.microsoft.com/x%2fy",
        "https://a.manage.microsoft.com/x%2Fy",
        "https://a.manage.microsoft.com/x\\y",
        "https://a.manage.microsoft.com/x;y",
        # characters
        "https://a.manage.microsoft.com/x\r\nHost: attacker.example",
        " https://a.manage.microsoft.com/x",
        "https://a.manage.microsoft.com/ä",
        "https://\uff41.manage.microsoft.com/x",
        "https://a\u3002manage.microsoft.com/x",
        # no address at all
        "AMSUD0101",
        "OC",
        "12",
        "",
    ],
)
def test_a_token_is_not_sent_there(uri: str) -> None:
    with pytest.raises(AddressRefused):
        check(uri, SUFFIXES, ("crs.lab.example",))


def test_hosts_outside_the_cloud_are_told_apart() -> None:
    assert is_outside("https://crs.lab.example/x", SUFFIXES)
    assert not is_outside(GOOD, SUFFIXES)

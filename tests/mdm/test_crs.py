"""The addresses asked, letter by letter (intune.md section 4)."""

from freeradius_mdm.mdm.crs import MDMINFO_PATH, bulk_path, device_path

from .bench import by_guid, by_mac


def test_addresses() -> None:
    assert MDMINFO_PATH == "/ciscoise/mdminfo/?ise_api_version=3"
    assert device_path(by_guid("0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11")) == (
        "/cisco/devices/?paging=0&querycriteria=guid&value=0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11&filter=all"
    )
    assert device_path(by_mac("005056A1B2C3")) == (
        "/cisco/devices/?paging=0&querycriteria=macaddress&value=005056A1B2C3&filter=all"
    )
    assert bulk_path("0") == (
        "/cisco/devices/?paging=0&querycriteria=compliance&value=false&deviceidentifier=macaddress&filter=all"
    )


def test_a_marker_is_opaque() -> None:
    assert bulk_path("a b&value=true#/", "guid") == (
        "/cisco/devices/?paging=a%20b%26value%3Dtrue%23%2F&querycriteria=compliance&value=false"
        "&deviceidentifier=guid&filter=all"
    )

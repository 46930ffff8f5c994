from __future__ import annotations

from typing import Any

import pytest

from freeradius_mdm.lab.microsoft.devices import Device, DeviceTable, change

FIRST, SECOND = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11", "6b1f0000-0000-4000-8000-00000000c3e8"
ENTRA = "3c1d7a52-4c68-4f0e-9c58-0f6f4d1a7e21"


def test_found_by_every_key() -> None:
    table = DeviceTable([Device(FIRST, entra_id=ENTRA, wifi_mac="005056A1B2C3", ethernet_mac="005056A1B2C4")])

    assert table.get(FIRST.upper()) is not None
    assert [device.intune_id for device in table.by_entra(ENTRA.upper())] == [FIRST]
    assert [device.intune_id for device in table.by_mac("005056A1B2C4")] == [FIRST]


def test_old_keys_are_forgotten() -> None:
    table = DeviceTable([Device(FIRST, entra_id=ENTRA, wifi_mac="005056A1B2C3")])
    table.set(FIRST, macs=["00:50:56:00:00:01"], entra_id="")

    assert table.by_mac("005056A1B2C3") == []
    assert table.by_entra(ENTRA) == []
    assert len(table.by_mac("005056000001")) == 1
    assert table.remove(FIRST)
    assert table.by_mac("005056000001") == []
    assert not table.remove(FIRST)


@pytest.mark.parametrize("mac", ["00:50:56:a1:b2:c3", "00-50-56-A1-B2-C3", "0050.56a1.b2c3", "005056a1b2c3"])
def test_forms_of_hardware_addresses(mac: str) -> None:
    assert change(Device(FIRST), {"macs": [mac]}).macs == ("005056A1B2C3",)


def test_a_verdict_set_by_hand_reaches_graph() -> None:
    device = change(Device(FIRST), {"compliance_state": "inGracePeriod"})
    assert device.state == "inGracePeriod"
    assert change(device, {"compliant": False}).state == "noncompliant"
    assert change(device, {"compliant": True, "compliance_state": "conflict"}).state == "conflict"


@pytest.mark.parametrize(
    "values",
    [{"macs": ["x"]}, {"entra_id": "x"}, {"registered": 1}, {"registered": None}, {"serial": 5}, {"unknown": "x"}],
)
def test_wrong_values(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not a|no '"):
        change(Device(FIRST), values)


def test_a_bad_device_leaves_the_table_as_it_was() -> None:
    table = DeviceTable([Device(FIRST)])

    with pytest.raises(ValueError, match="not a hardware address"):
        table.put(Device(SECOND, wifi_mac="00:50"))
    assert [device.intune_id for device in table] == [FIRST]

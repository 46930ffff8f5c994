"""The attributes a condition can name: ISE's MDM dictionary, ours beside it, RADIUS, and the network device's kind.

Sources: ise.md section 2.1 (spellings changed between ISE releases, so every alias is read and one is written).
Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..profiles.family import FAMILIES


class ValueType(StrEnum):
    """What a condition may compare the attribute with."""

    CHOICE = "one of a fixed list"
    TEXT = "text"
    DURATION = "a duration"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One dictionary entry. `available`: can a rule get a value of it from Intune's NAC 2.0 service?"""

    name: str
    type: ValueType = ValueType.TEXT
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    available: bool = True


def _choice(name: str, *choices: str, aliases: tuple[str, ...] = ()) -> Attribute:
    return Attribute(name, ValueType.CHOICE, choices, aliases)


REGISTER_STATUS = "MDM:DeviceRegisterStatus"
COMPLIANT_STATUS = "MDM:DeviceCompliantStatus"
MANAGED = "MDM:Managed"
REACHABLE = "MDM:MDMServerReachable"
SERVER_NAME = "MDM:MDMServerName"
RECORD_SOURCE = "MDM:RecordSource"
RECORD_AGE = "MDM:RecordAge"
IDENTITY_SOURCE = "MDM:IdentitySource"
IDENTITY_PROVEN = "MDM:IdentityProven"
NAS_KIND = "NAS:Kind"
NAS_FAMILY = "NAS:Family"
RADIUS_PREFIX = "Radius:"

ATTRIBUTES: tuple[Attribute, ...] = (
    _choice(
        REGISTER_STATUS,
        "Registered",
        "UnRegistered",
        "Unknown",
        aliases=("MDM:DeviceRegistrationStatus", "MDM:MDMEnrolled"),
    ),
    _choice(
        COMPLIANT_STATUS,
        "Compliant",
        "NonCompliant",
        "Unknown",
        aliases=("MDM:DeviceComplianceStatus", "MDM:MDM_Compliant", "MDM:MDMCompliant"),
    ),
    _choice(MANAGED, "True", "False", "Unknown"),
    _choice(REACHABLE, "Reachable", "UnReachable"),
    Attribute(SERVER_NAME),
    _choice(RECORD_SOURCE, "Live", "Cached", "LastKnown"),
    Attribute(RECORD_AGE, ValueType.DURATION),
    _choice(IDENTITY_SOURCE, "certificate-uri", "vpn-device-id", "certificate-cn", "mac", "none"),
    _choice(IDENTITY_PROVEN, "True", "False"),
    _choice(NAS_KIND, "wired", "wireless", "vpn", "other"),
    _choice(NAS_FAMILY, *FAMILIES),
    # ISE's dictionary has these too, and Intune's NAC 2.0 service gives none of them (intune.md section 0).
    *(
        Attribute(f"MDM:{name}", aliases=tuple(f"MDM:{alias}" for alias in aliases), available=False)
        for name, aliases in (
            ("MDMFailureReason", ("MDMCompliantFailureReason",)),
            ("PinLockStatus", ("MDMPinLockSet",)),
            ("DiskEncryptionStatus", ("MDMDiskEncrypted",)),
            ("JailBrokenStatus", ("MDMJailBroken",)),
            ("DaysSinceLastCheckin", ("MDMLastCheckinTimeStamp",)),
            ("Manufacturer", ("MDMManufacturer",)),
            ("Model", ("MDMModel",)),
            ("OsVersion", ("MDMOSVersion",)),
            ("PhoneNumber", ("MDMPhoneNumber",)),
            ("SerialNumber", ("MDMSerialNumber",)),
            ("UDID", ()),
            ("IMEI", ("MDMImei",)),
            ("MEID", ()),
        )
    ),
)

_BY_NAME: Mapping[str, Attribute] = {
    spelling.lower(): attribute for attribute in ATTRIBUTES for spelling in (attribute.name, *attribute.aliases)
}


def find(name: str) -> Attribute | None:
    """The attribute of that name or alias, in any case; for `Radius:NAME` a text attribute of that very name."""
    if name.lower().startswith(RADIUS_PREFIX.lower()):
        rest = name[len(RADIUS_PREFIX) :]
        # What a rule compares is written into the decision record, where no password belongs.
        usable = re.fullmatch(r"[A-Za-z0-9._/-]+", rest) and "password" not in rest.lower()
        return Attribute(RADIUS_PREFIX + rest) if usable else None
    return _BY_NAME.get(name.lower())


def allowed_names() -> str:
    """For error texts: what a condition can name."""
    return ", ".join([*(a.name for a in ATTRIBUTES if a.available), "Radius:<any RADIUS attribute>"])

"""Hypothesis's worlds: requests from plausible to hostile, policies, and what the store knows."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from freeradius_mdm.compliance import (
    UNREGISTERED_ANSWER,
    Compliance,
    ComplianceAnswer,
    EndpointKey,
    IdKind,
    Managed,
    Registration,
)
from tests.builders import DEVICE, OTHER, PRINTED, SID, TOML, URI, URI_ATTRIBUTE

Pair = tuple[str, str]
MAC, OTHER_MAC, RANDOM_MAC = "005056A1B2C3", "001B54AABB05", "02AA54AABB05"
FAMILIES = ("cisco-ios-xe", "cisco-asa", "hostapd", "aruba-cx")
SERVER = "Intune"

# --- requests

_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
_hostile = st.one_of(
    _text,
    st.sampled_from(['a"b', "a\\", "\x1b[31m", "x\ny", "\u2028", "é" * 20, "%{User-Name}", "{{DeviceId}}", "x" * 1023]),
)
_guids = st.sampled_from([DEVICE, DEVICE, DEVICE, DEVICE.upper(), OTHER, "{" + DEVICE + "}", "0" * 36, "{{DeviceId}}"])
_uris = st.one_of(
    st.builds("ID:Microsoft Endpoint Manager:GUID:{}".format, _guids),
    st.builds("IntuneDeviceId://{}".format, _guids),
    st.sampled_from([SID, "https://example.net/", "ID:Intune:GUID:" + "a" * 990, URI]),
    _hostile,
)
_macs = st.sampled_from(
    ["00-50-56-A1-B2-C3", "0050.56a1.b2c3", "00:1b:54:aa:bb:05", "02AA54AABB05", "ff:ff:ff:ff:ff:ff", "198.51.100.37"]
)
_tlvs = st.one_of(
    st.builds("mdm-tlv=device-mac={}".format, _macs),
    st.builds("mdm-tlv=device-uid=ID:Intune:DeviceID:{}".format, _guids),
    st.builds("mdm-tlv=device-uid-global={}".format, _hostile),
    st.sampled_from(
        [
            "mdm-tlv=device-platform=win",
            "MDM-TLV=device-uid=" + "AB" * 32,
            "mdm-tlv=",
            "mdm-tlv=device-uid",
            "audit-session-id=c0a80101000000aa",
            "psk=hunter2hunter2",
            "coa-push=true",
        ]
    ),
)
_NAMES = (
    "Connect-Info",
    "Filter-Id",
    "Class",
    "State",
    "Tunnel-Client-Endpoint:0",
    "MS-CHAP-Domain",
    "Attr-26.9999.1",
    "NAS-Identifier",
    "Airespace-Wlan-Id",
    "FreeRADIUS-Proxied-To",
    "User-Password",
    "MDM-Rule",
)
_odd = st.tuples(st.sampled_from(_NAMES), _hostile)


def _rarely(draw: st.DrawFn, most: int) -> bool:
    """Once in `most` or so; hypothesis likes the ends of a range best."""
    return draw(st.integers(0, most)) == most // 2


@st.composite
def certificates(draw: st.DrawFn) -> list[Pair]:
    """What the eap module tells of a certificate; sometimes the names twice, or printed only, or not as they are."""
    names = draw(st.one_of(st.just([URI]), st.just([SID, URI]), st.lists(_uris, max_size=3)))
    pairs = [] if _rarely(draw, 9) else [("TLS-Client-Cert-Serial", "1f")]
    pairs += [] if _rarely(draw, 2) else [(URI_ATTRIBUTE, name) for name in names]
    printed = ", ".join(f"URI:{name}" for name in names)[:1023]
    pairs += [(PRINTED, printed)] * draw(st.sampled_from([1, 1, 1, 0, 2]))
    if draw(st.booleans()):
        pairs.append(("TLS-Client-Cert-Common-Name", draw(st.one_of(_guids, _hostile))))
    return pairs


@st.composite
def requests(draw: st.DrawFn) -> list[Pair]:
    """The request list as a hook is given it: FreeRADIUS's `mdm_client` has always been there."""
    port = draw(st.sampled_from(["Ethernet", "Ethernet", "Wireless-802.11", "Virtual", "Async", "15", "5", None]))
    service = draw(st.sampled_from(["Framed-User", "Call-Check", "Call-Check", "10", "Authorize-Only", None]))
    pairs: list[Pair] = [("User-Name", draw(st.one_of(_macs, st.sampled_from(["employee", "host/laptop"]), _hostile)))]
    pairs += [("NAS-Port-Type", port)] if port else []
    pairs += [("Service-Type", service)] if service else []
    pairs += [("Calling-Station-Id", text) for text in draw(st.lists(_macs, max_size=2))]
    pairs += [("NAS-IP-Address", "192.0.2.10"), ("Called-Station-Id", draw(st.sampled_from(["corp", "203.0.113.10"])))]
    pairs += [("Cisco-AVPair", text) for text in draw(st.lists(_tlvs, max_size=4))]
    if port == "Virtual" or _rarely(draw, 9):
        pairs.append(("ASA-TunnelGroupName", "DefaultWEBVPNGroup"))
    if draw(st.booleans()):
        pairs.append(("EAP-Message", "0x02010006"))
        method = draw(st.sampled_from(["TLS", "TLS", "13", "PEAP", "TTLS", "Identity", None]))
        pairs += [("EAP-Type", method)] if method else []
        pairs += draw(certificates()) if method in ("TLS", "13") or _rarely(draw, 3) else []
    pairs += draw(st.lists(_odd, max_size=3))
    if _rarely(draw, 9):
        pairs += [("Proxy-State", "0x" + "ab" * draw(st.sampled_from([1, 100, 253])))] * draw(st.integers(1, 3))
    if _rarely(draw, 15):
        pairs = [("Class", f"0x{number:04x}") for number in range(300)] + pairs
    if _rarely(draw, 9):
        pairs.insert(draw(st.integers(0, len(pairs))), ("MDM-Outer-Request", "yes"))
    pairs += [("MDM-Client-Name", "switch"), ("MDM-Client-Address", "192.0.2.10")]
    family = draw(st.sampled_from(["", "", "", "cisco-ios-xe", None, None, *FAMILIES, "juniper", "no-such-family"]))
    return pairs if family is None else [*pairs, ("MDM-Vendor-Family", family)]


places = st.sampled_from([(), (), (), (), (), (), (("MDM-Place", "eap-tls"),)])
# What other modules have put into the reply by the time of the decision, and that stays there.
replies = st.one_of(
    st.just([]),
    st.just([]),
    st.lists(
        st.one_of(
            st.just(("Framed-MTU", "1400")),
            st.builds(lambda size: ("Class", "0x" + "cd" * size), st.sampled_from([1, 40, 250])),
            st.just(("Proxy-State", "0xabcdef")),
        ),
        min_size=1,
        max_size=3,
    ),
)

# --- policies

PROFILES = """\
[profiles.Plain]
[profiles.Vlan]
vlan = 20
families = ["cisco-ios-xe", "hostapd", "aruba-cx"]
[profiles.Acl]
dacl = "OPEN"
families = ["cisco-ios-xe", "cisco-asa"]
[profiles.Long]
dacl = "LONG"
dacl_delivery = "per-user"
families = ["cisco-ios-xe"]
[profiles.Redirect]
redirect_acl = "REDIRECT"
redirect_url = "enrolment"
families = ["cisco-ios-xe"]
[profiles.Url]
redirect_acl = "REDIRECT"
redirect_url = "https://portal.example/?s={session}&m={mac}"
families = ["cisco-ios-xe"]
[profiles.Timer]
reauthentication = "10m"
families = ["cisco-ios-xe", "hostapd", "aruba-cx"]
[profiles.Free]
attributes = ["Cisco-AVPair += psk=hunter2", "Cisco-AVPair += a=b"]
[profiles.Message]
reply_message = "welcome"
[profiles.Group]
group_policy = "GP"
families = ["cisco-asa"]
[profiles.Reject]
access = "reject"
reply_message = "not allowed here"
[profiles.Silent]
access = "reject"
"""
PROFILE_NAMES = tuple(line[10:-1] for line in PROFILES.splitlines() if line.startswith("[profiles."))
_profiles = st.sampled_from(["Acl", "Long", "Vlan", *PROFILE_NAMES, "Long", "Long", "Url"])
# 4,096 bytes less header, signature and the other attributes hold 70 of these, and little else.
LONG_ACL = "".join(f"permit tcp any host 192.0.2.{number} eq 443\n" for number in range(1, 71))

_values = {
    "MDM:DeviceRegisterStatus": ["Registered", "UnRegistered", "Unknown"],
    "MDM:DeviceCompliantStatus": ["Compliant", "NonCompliant", "Unknown"],
    "MDM:Managed": ["True", "False", "Unknown"],
    "MDM:MDMServerReachable": ["Reachable", "UnReachable"],
    "MDM:MDMServerName": ["Intune"],
    "MDM:RecordSource": ["Live", "Cached", "LastKnown"],
    "MDM:IdentitySource": ["certificate-uri", "vpn-device-id", "certificate-cn", "mac", "none"],
    "MDM:IdentityProven": ["True", "False"],
    "NAS:Kind": ["wired", "wireless", "vpn", "other"],
    "NAS:Family": list(FAMILIES),
}
_radius = {
    "User-Name": ["employee", "host/laptop", "a"],
    "Called-Station-Id": ["corp", "203.0.113.10"],
    "Cisco-AVPair": ["coa-push=true", "psk=hunter2hunter2", "mdm-tlv=device-platform=win"],
    "Class": ["0x01", "0x012b"],
    "State": ["x"],
    "Proxy-State": ["0xab"],
    "EAP-Type": ["TLS", "PEAP"],
    "EAP-Message": ["0x02010006"],
    "MS-CHAP-Domain": ["x"],
    "MDM-Client-Name": ["switch"],
    "NAS-IP-Address": ["192.0.2.10"],
    "TLS-Client-Cert-Common-Name": [DEVICE],
    "Connect-Info": ["x"],
}
_CATCH_ALL = ('"MDM:IdentitySource" = { not = "none" }',)


@st.composite
def conditions(draw: st.DrawFn) -> str:
    """`"NAME" = COMPARISON`, as a rule of mdm.toml has it."""
    if _rarely(draw, 8):
        return (
            f'"MDM:RecordAge" = {{ {draw(st.sampled_from(["at_most", "at_least"]))} = "{draw(st.integers(1, 300))}s" }}'
        )
    if draw(st.integers(0, 2)):
        name = draw(st.sampled_from(sorted(_values)))
        allowed = _values[name]
        several = draw(st.lists(st.sampled_from(allowed), min_size=1, max_size=2, unique=True))
        plain = f'"{several[0]}"' if len(several) == 1 else "[" + ", ".join(f'"{each}"' for each in several) + "]"
    else:
        name, allowed = draw(st.sampled_from(sorted(_radius.items())))
        name = f"Radius:{name}"
        value = draw(st.sampled_from(allowed))
        plain = draw(
            st.sampled_from(
                [f'"{value}"', f'{{ prefix = "{value[:2]}" }}', '{ regex = ".*[a-f].*" }', '{ cidr = "192.0.2.0/24" }']
            )
        )
    return f'"{name}" = ' + (f"{{ not = {plain} }}" if _rarely(draw, 3) else plain)


@st.composite
def tomls(draw: st.DrawFn) -> str:
    """A whole mdm.toml; some are refused, because a rule contradicts itself."""
    rules = []
    for number in range(draw(st.integers(1, 5))):
        when = draw(st.lists(conditions(), max_size=2, unique_by=_name))
        text = f'[[rules]]\nname = "R{number}: of {number}"\n'
        if when:
            text += f"when = {{ {', '.join(when)} }}\n"
        if not when or _rarely(draw, 2):
            groups = draw(
                st.lists(st.lists(conditions(), min_size=1, max_size=2, unique_by=_name), min_size=1, max_size=3)
            )
            text += "any = [" + ", ".join(f"{{ {', '.join(group)} }}" for group in groups) + "]\n"
        text += f'profile = "{draw(_profiles)}"\n'
        if _rarely(draw, 9):
            text += 'mode = "monitor"\n'
        rules.append(text)
    for condition in draw(st.sampled_from([_CATCH_ALL, ()])):
        rules.append(f'[[rules]]\nname = "Catch"\nwhen = {{ {condition} }}\nprofile = "{draw(_profiles)}"\n')
    rules.append(
        '[[rules]]\nname = "Last"\nwhen = { "MDM:MDMServerReachable" = "UnReachable" }\n'
        f'profile = "{draw(_profiles)}"\n'
    )
    usual = ["certificate-uri", "vpn-device-id"]
    any_order = st.lists(st.sampled_from([*usual, "certificate-cn"]), min_size=1, max_size=3, unique=True)
    sources = draw(st.one_of(st.just(usual), any_order))
    identity = "".join(f'[[identity]]\nsource = "{source}"\n' for source in sources)
    if not _rarely(draw, 3):
        identity += f'[[identity]]\nsource = "mac"\nallow_randomised = {draw(st.sampled_from(["true", "false"]))}\n'
    mode = draw(st.sampled_from([*["enforce"] * 7, "monitor"]))
    head = TOML[: TOML.index("[network_devices]")].replace(
        "[service]\n", f"[service]\ntimer_jitter_percent = {draw(st.sampled_from([0, 20]))}\n"
    )
    vpn = draw(st.sampled_from([*['default_vpn = "cisco-asa"\n'] * 5, ""]))
    families = ", ".join(f'"{family}"' for family in FAMILIES)
    return (
        f'{head}[network_devices]\n{vpn}families = [{families}]\n{identity}[policy]\nmode = "{mode}"\n'
        f'default_profile = "{draw(_profiles)}"\nmonitor_profile = "Plain"\n'
        f"{''.join(rules)}{PROFILES}"
    )


def _name(condition: str) -> str:
    return condition.partition(" = ")[0]


# --- what the store knows

answers = st.sampled_from(
    [
        *(
            ComplianceAnswer(Registration.REGISTERED, compliance, managed)
            for compliance in (Compliance.COMPLIANT, Compliance.NONCOMPLIANT, Compliance.UNKNOWN)
            for managed in (Managed.TRUE, Managed.UNKNOWN)
        ),
        UNREGISTERED_ANSWER,
    ]
)
ages = st.one_of(
    st.sampled_from([0.0, 0.5, 60.0, 12959.5, 12960.0, 12960.5, 14399.5, 20000.25, 86399.5, 86401.0, -10.0, -0.5]),
    st.floats(0, 90000),
)
KEYS = (
    *(EndpointKey(SERVER, IdKind.INTUNE, guid) for guid in (DEVICE, OTHER)),
    *(EndpointKey(SERVER, IdKind.MAC, digits) for digits in (MAC, OTHER_MAC, RANDOM_MAC)),
)


@dataclass(frozen=True)
class Known:
    """What the store knows of one endpoint."""

    key: EndpointKey
    answer: ComplianceAnswer | None
    age: float
    failure: str
    exempted: str  # the profile of an exemption, or ""


known = st.builds(
    Known,
    st.sampled_from(KEYS),
    st.one_of(answers, answers, st.none()),
    ages,
    st.sampled_from(["", "M1202 no answer in time"]),
    st.sampled_from(["", "", "", *PROFILE_NAMES, "Gone"]),
)

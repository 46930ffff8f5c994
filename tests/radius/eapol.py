"""Debian's eapol_test as an independent endpoint: EAP-TLS, PEAP and TTLS; what it saw is read from its output."""

from __future__ import annotations

import itertools
import re
import subprocess
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from freeradius_mdm.lab.pki import Credential
from freeradius_mdm.lab.raddb import SECRET, VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.site import Site

_number = itertools.count(1)
_CISCO_AVPAIR = bytes.fromhex("0000000901")
_CODES = {2: "Access-Accept", 3: "Access-Reject", 11: "Access-Challenge"}
_TAGGED = {64, 65, 81}


class Method(Enum):
    """EAP method and what runs in its tunnel, in eapol_test's words."""

    TLS = ("TLS", "")
    PEAP_MSCHAPV2 = ("PEAP", "auth=MSCHAPV2")
    TTLS_PAP = ("TTLS", "auth=PAP")
    TTLS_MSCHAPV2 = ("TTLS", "auth=MSCHAPV2")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of eapol_test. `mac` like 00-50-56-a1-b2-c3; `reauthentications` follow and try to resume TLS.

    `limit`: whole seconds, after which eapol_test gives up by itself.
    """

    method: Method
    mac: str
    credential: Credential | None = None
    identity: str = "anonymous"
    user: str = VPN_USER
    password: str = VPN_PASSWORD
    tls13: bool = False
    reauthentications: int = 0
    port_type: int = 15  # Ethernet
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Target:
    """A RADIUS server at 127.0.0.1. `directory`: where the supplicant's files go; `ca_file`: whom it trusts."""

    directory: Path
    ca_file: Path
    port: int
    secret: str = field(default=SECRET, repr=False)


@dataclass(frozen=True, slots=True)
class RadiusReply:
    """One reply; `attributes` are (number or (vendor, number), value) in wire order, a tagged value without its tag.

    The value of an attribute that eapol_test does not know, such as Filter-Id, is empty.
    """

    code: str
    attributes: tuple[tuple[int | tuple[int, int], str], ...] = ()
    tags: tuple[int, ...] = ()

    def values(self, key: int | tuple[int, int]) -> list[str]:
        """Every value of an attribute."""
        return [value for number, value in self.attributes if number == key]

    @property
    def keys(self) -> list[int | tuple[int, int]]:
        """The attributes' numbers, sorted by vendor and number."""
        return sorted((key for key, _ in self.attributes), key=lambda key: key if isinstance(key, tuple) else (0, key))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What eapol_test saw. `successes` and `failures`: how often EAP ended so, to the supplicant's mind."""

    successes: int
    failures: int
    keys_agree: bool
    replies: tuple[RadiusReply, ...]
    output: str = field(repr=False)

    @property
    def finals(self) -> list[RadiusReply]:
        """The replies that ended an authentication."""
        return [reply for reply in self.replies if reply.code != "Access-Challenge"]

    @property
    def reply(self) -> RadiusReply:
        """The last of those."""
        return self.finals[-1]


def run(site: Site, attempt: Attempt) -> Outcome:
    """Let eapol_test authenticate at the site."""
    return run_at(Target(site.directory, site.pki.ca_file, site.ports.radius), attempt)


def run_at(target: Target, attempt: Attempt) -> Outcome:
    """Let eapol_test authenticate there."""
    config = target.directory / f"eapol-{next(_number)}.conf"
    config.write_text(_network(target, attempt), encoding="utf-8")
    command = ["eapol_test", "-c", str(config), "-a", "127.0.0.1", "-p", str(target.port), "-s", target.secret]
    command += ["-t", str(attempt.limit), "-r", str(attempt.reauthentications), "-M", attempt.mac.replace("-", ":")]
    command += ["-N", f"61:d:{attempt.port_type}", "-N", "4:x:c000020a"]
    command += ["-N", f"26:x:{_vendor_pair('audit-session-id=C000020A00000007')}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=attempt.limit + 20)
    text = done.stdout
    return Outcome(
        successes=text.count("CTRL-EVENT-EAP-SUCCESS"),
        failures=text.count("CTRL-EVENT-EAP-FAILURE"),
        keys_agree=bool(re.search(r"MPPE keys OK: [1-9]\d*  mismatch: 0", text)),
        replies=tuple(_replies(text)),
        output=text,
    )


def _vendor_pair(text: str) -> str:
    return (_CISCO_AVPAIR + bytes([len(text) + 2]) + text.encode()).hex()


def _network(target: Target, attempt: Attempt) -> str:
    eap, inner = attempt.method.value
    lines = {
        "ssid": '"lab"',
        "key_mgmt": "WPA-EAP",
        "eap": eap,
        "identity": f'"{attempt.identity if not inner else attempt.user}"',
        "ca_cert": f'"{target.ca_file}"',
        "phase1": f'"tls_disable_tlsv1_3={int(not attempt.tls13)}"',
    }
    if inner:
        lines |= {
            "anonymous_identity": f'"{attempt.identity}"',
            "password": f'"{attempt.password}"',
            "phase2": f'"{inner}"',
        }
    if attempt.credential is not None:
        files = {"client_cert": attempt.credential.cert_file, "private_key": attempt.credential.key_file}
        lines |= {name: f'"{path}"' for name, path in files.items()}
    return "network={\n" + "".join(f"  {name}={value}\n" for name, value in lines.items()) + "}\n"


def _replies(text: str) -> list[RadiusReply]:
    found = []
    for part in text.split("Received RADIUS message\n")[1:]:
        part = part.partition("Received RADIUS packet matched")[0]
        code = int(re.match(r"RADIUS message: code=(\d+)", part)[1])  # type: ignore[index]
        pairs = re.findall(r"^   Attribute (\d+) \(.*\) length=\d+\n(?:      Value: (.*)\n)?", part, re.MULTILINE)
        read = [_attribute(int(number), value) for number, value in pairs]
        tags = tuple(int(value[:2], 16) for number, value in pairs if int(number) in _TAGGED)
        found.append(RadiusReply(_CODES[code], tuple(read), tags))
    return found


def _attribute(number: int, printed: str) -> tuple[int | tuple[int, int], str]:
    """eapol_test prints text in quotes, numbers in decimal, addresses with dots, and the rest in hexadecimal."""
    if number == 26:
        octets = bytes.fromhex(printed)
        vendor, kind = int.from_bytes(octets[:4], "big"), octets[4]
        value = octets[6:].decode("ascii") if vendor == 9 else octets[6:].hex()
        return (vendor, kind), value
    if number == 81:
        return number, bytes.fromhex(printed[2:]).decode("ascii")
    if number in _TAGGED:
        return number, str(int(printed[2:], 16))
    return number, printed.strip("'")

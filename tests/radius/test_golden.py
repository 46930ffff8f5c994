"""The golden pairs of each vendor family, with bare radclient: what it is asked, and all of what it may answer.

radclient refuses a reply that lacks an attribute of the filter, and one that has another beside them (its manual does
not say so; `test_a_changed_filter_refuses` shows it). What is compared on top is what its filters can't say: the form
of Class, and that the signature stands first. golden/README.md tells where the data is from.
"""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from freeradius_mdm.lab.raddb import SECRET, NetworkDevice
from freeradius_mdm.lab.site import Site
from freeradius_mdm.profiles.family import FAMILIES, Template
from tests.radius import expect
from tests.radius.conftest import MakeSite

pytestmark = pytest.mark.skipif(shutil.which("radclient") is None, reason="radclient is not installed")

GOLDEN = Path(__file__).with_name("golden")
VERIFIED = [name for name, family in FAMILIES.items() if family.verified]
# The addresses stand in the requests as Packet-Src-IP-Address.
ADDRESSES = {
    "cisco-ios-xe": "127.0.1.1",
    "cisco-asa": "127.0.1.2",
    "strongswan": "127.0.1.3",
    "hostapd": "127.0.1.4",
    "generic": "127.0.1.5",
    "generic-vpn": "127.0.1.6",
}
OUR_CLASS = r"0x6d646d3a[0-9a-f]{48}"  # "mdm:" and the 24 hexadecimal digits of a decision's id, as octets


@pytest.fixture(scope="module")
def golden_site(new_site: MakeSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("golden")
    shutil.copytree(GOLDEN / "dacls", directory / "mdm/dacls")
    names = ", ".join(f'"{name}"' for name in ADDRESSES if not name.startswith("cisco"))
    with new_site(
        directory,
        policy=(GOLDEN / "policy.toml").read_text(encoding="utf-8"),
        toml={"families": f"[{names}]", "reauth_interval": '"8h"'},
        devices=tuple(NetworkDevice(name, address, "127.0.0.1", name) for name, address in ADDRESSES.items()),
    ) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Comparison:
    """What radclient said of some pairs. `differences`: a diff for each reply that is not as its filter has it."""

    status: int
    output: str
    differences: Sequence[str]

    @property
    def told(self) -> str:
        refused = re.findall(r"^\(\d+\) .*: (Response .*)$", self.output, re.MULTILINE)
        return "\n".join((f"radclient ended with {self.status}", *refused, *self.differences))


def compare(site: Site, pairs: str, directory: Path = GOLDEN, host: str = "127.0.0.1") -> Comparison:
    """Run one radclient over `NAME.request` and `NAME.filter` of a directory."""
    files = f"{directory / pairs}.request:{directory / pairs}.filter"
    command = ["radclient", "-x", "-r", "1", "-t", "10", "-f", files, f"{host}:{site.ports.radius}", "auth", SECRET]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    output = done.stdout + done.stderr
    filters, received = packets(directory / f"{pairs}.filter"), list(replies(done.stdout))
    assert len(received) == len(filters), f"{len(received)} replies to {len(filters)} requests\n{output}"
    differences = [
        "\n".join(difflib.unified_diff(normal(wanted), normal(reply), f"{pairs}.filter, {title(wanted)}", "received"))
        for wanted, reply in zip(filters, received, strict=True)
        if normal(wanted) != normal(reply)
    ]
    return Comparison(done.returncode, output, differences)


def packets(file: Path) -> list[str]:
    """The packets of one of radclient's files: a blank line stands between them."""
    return [text for text in file.read_text(encoding="utf-8").split("\n\n") if text.strip()]


def title(packet: str) -> str:
    """The name in the first comment."""
    return packet.removeprefix("# ").split("\n", 1)[0].split(".", 1)[0]


def replies(output: str) -> Iterator[str]:
    """Each reply that `radclient -x` printed, its code as Packet-Type first."""
    for code, attributes in re.findall(r"^Received (\S+) .*\n((?:\t.*\n)*)", output, re.MULTILINE):
        lines = [line.strip() for line in attributes.splitlines()]
        assert lines[0].startswith("Message-Authenticator = 0x"), f"the signature is not first in\n{attributes}"
        yield "\n".join((f"Packet-Type = {code}", *lines))


def normal(packet: str) -> list[str]:
    """The attributes of a filter or a reply in one form; those of one name together, and in their order."""
    lines = [line for line in packet.splitlines() if not line.startswith("#")]
    lines = [re.sub(r"^([\w.-]+)(?::0)?((?::\d+)?) (?:=|==|=\*|>=) ", r"\1\2 = ", line) for line in lines]
    lines = [re.sub(r"^Message-Authenticator = .*", "Message-Authenticator = (a signature)", line) for line in lines]
    lines = [re.sub(rf"^Class = (?:{OUR_CLASS}|0x6d646d3a)$", "Class = (of a decision)", line) for line in lines]
    return sorted(lines, key=lambda line: line.split(" ", 1)[0])


@pytest.mark.parametrize("family", VERIFIED)
def test_a_family(family: str, golden_site: Site) -> None:
    found = compare(golden_site, family)
    assert (found.status, found.differences) == (0, []), found.told


def test_over_ipv6(golden_site: Site) -> None:
    found = compare(golden_site, "ipv6", host="[::1]")
    assert (found.status, found.differences) == (0, []), found.told
    made = expect.decisions(golden_site, 3, nas_address="2001:db8::7")
    assert {decision.nas_name for decision in made} == {"lab-switch6"}


# Pairs without a timer that depends on the record's age, because the same device asks again.
_SERVICE = 'Cisco-AVPair == "subscriber:service-name=GUEST"\n'
_PROFILE = 'Cisco-AVPair == "profile-name=Windows10-Workstation"\n'
CHANGES = {
    "a value": ("voice", '"40"', '"41"'),
    "a tag": ("voice", "Tunnel-Private-Group-Id:1", "Tunnel-Private-Group-Id:2"),
    "one that is missing": ("voice", "Cisco-AVPair", 'Filter-Id == "GUEST.in"\nCisco-AVPair'),
    "one more than expected": ("voice", '\nCisco-AVPair == "device-traffic-class=voice"', ""),
    "the signature": ("voice", "Message-Authenticator =* ANY\n", ""),
    "the class": ("voice", "0x6d646d3a", "0x6d646d3b"),
    "a named number": ("reauthentication-fixed", "RADIUS-Request", "Default"),
    "the code": ("voice", "Access-Accept", "Access-Reject"),
    "text of an AV pair": ("voice", "=voice", "=data"),
    "the order of AV pairs": ("free-attributes", _SERVICE + _PROFILE, _PROFILE + _SERVICE),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_filter_refuses(change: str, golden_site: Site, tmp_path: Path) -> None:
    """The negative control, and the proof that bare radclient compares the whole list."""
    name, old, new = CHANGES[change]
    as_it_is = one_pair(golden_site, tmp_path, name, old, old)
    changed = one_pair(golden_site, tmp_path, name, old, new)
    assert (as_it_is.status, as_it_is.differences) == (0, []), as_it_is.told
    assert changed.status != 0
    assert changed.differences
    assert re.search(r"^\(0\) .*: (?:Response for failed filter|Expected Access-Reject)", changed.output, re.MULTILINE)


def one_pair(site: Site, directory: Path, name: str, old: str, new: str) -> Comparison:
    """One pair of cisco-ios-xe, with a text of its filter changed."""
    for kind in ("request", "filter"):
        (found,) = [packet for packet in packets(GOLDEN / f"cisco-ios-xe.{kind}") if title(packet) == name]
        if kind == "filter":
            assert found.count(old) == 1
            found = found.replace(old, new)
        (directory / f"pair.{kind}").write_text(f"{found}\n", encoding="utf-8")
    return compare(site, "pair", directory)


@pytest.mark.parametrize("family", VERIFIED)
def test_every_result_has_a_pair(family: str) -> None:
    """A new line in families.toml needs an expectation by hand: its attribute, and the text before a placeholder."""
    lines = (GOLDEN / f"{family}.filter").read_text(encoding="utf-8").splitlines()
    for result, templates in FAMILIES[family].results.items():
        for template in templates:
            assert any(shows(line, template) for line in lines), f"{family}.filter shows no {result}: {template.name}"


def shows(line: str, template: Template) -> bool:
    name, _, value = line.partition(" == ")
    begins = template.value.split("{", 1)[0]
    tag = "" if template.tag is None else r":\d+"
    return bool(re.fullmatch(re.escape(template.name) + tag, name)) and value.strip('"').startswith(begins)


def test_every_pair_has_one_name() -> None:
    """A request and its filter bear the same name, which is the profile's; a filter says where it is from."""
    for file in GOLDEN.glob("*.request"):
        asked = [re.findall(r'^NAS-Identifier = "(.*)"$', packet, re.MULTILINE) for packet in packets(file)]
        filters = packets(file.with_suffix(".filter"))
        assert [[title(packet)] for packet in filters] == asked
        assert all(re.match(r"# [a-z0-9-]+\. \S", packet) for packet in filters), file

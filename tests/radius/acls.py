"""Downloadable ACLs of the end-to-end tests, written by hand, and how they get into a running site."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from freeradius_mdm.download.record import Download
from freeradius_mdm.lab import mdm_toml
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import NetworkDevice
from freeradius_mdm.lab.radius import Reply
from freeradius_mdm.lab.radius.wire import Code
from freeradius_mdm.lab.site import Site
from freeradius_mdm.store.query import StoredDownload, StoreQueries
from freeradius_mdm.store.read import StoreReader

MakeSite = Callable[..., Site]
HEADEND, CATALYST, ACCESS_POINT = "127.0.0.5", "127.0.0.6", "127.0.0.7"
DEVICES = (
    NetworkDevice("asa", HEADEND, HEADEND, "cisco-asa"),
    NetworkDevice("catalyst", CATALYST, CATALYST, "cisco-ios-xe"),
    NetworkDevice("access-point", ACCESS_POINT, ACCESS_POINT, "hostapd"),  # no family in use takes ACLs there
)
KEY = bytes(range(32))

# Ten lines as a Catalyst has them, wildcard masks and all; comments and remarks stay behind.
BRANCH_FILE = """\
! The branch's servers.
remark name resolution and addresses
permit udp any any eq bootps
permit udp any host 10.10.0.53 eq domain
permit tcp any host 10.10.0.53 eq domain

permit tcp any 10.20.0.0 0.0.255.255 eq 443
permit tcp any 10.20.0.0 0.0.255.255 eq 22
permit icmp any any echo
permit icmp any any echo-reply
deny ip any 10.0.0.0 0.255.255.255
deny ip any 192.168.0.0 0.0.255.255
permit ip any any
"""
BRANCH = [line for line in BRANCH_FILE.splitlines() if line.startswith(("permit", "deny"))]
LONG = [f"permit tcp any host 10.{number // 250}.{number % 250}.9 eq {2000 + number}" for number in range(2000)]
IPV6 = ["permit udp any any eq 547", "permit tcp any 2001:db8:10::/64 eq 443", "deny ipv6 any any"]
AGNOSTIC = ["permit udp any any eq domain", "permit tcp any any eq 443"]
ASA = ["permit tcp any 10.30.0.0 255.255.0.0 eq 443", "deny ip any any"]


def version(lines: Sequence[str]) -> str:
    """8 hexadecimal digits of SHA-256 over the lines, as the project's DESIGN and ise.md section 5.3 have it."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]


def wire_name(name: str, lines: Sequence[str], kind: str = "IP") -> str:
    """The name a network device asks for."""
    return f"#ACSACL#-{kind}-{name}-{version(lines)}"


def put(site: Site, file: str, text: str) -> None:
    """Write an ACL file; radiusd and mdmd take it over within a second, or at their next look."""
    directory = site.mdm_toml.parent / "dacls"
    draft = directory / f".{file}.new"
    draft.write_text(text, encoding="utf-8")
    draft.replace(directory / file)


def wait_until_stored(site: Site, name: str) -> None:
    """Wait until mdmd has stored the version of that wire name."""
    reader = StoreReader(site.state_directory / "store.sqlite")
    wait_for(lambda: bool(reader.dacl_version(name)), f"mdmd has stored {name}")
    reader.close()


def start(new_site: MakeSite, directory: Path, key: bytes) -> Site:
    """A site that is not started yet, its ACLs and key in place."""
    dacls = directory / "mdm" / "dacls"
    shutil.copytree(mdm_toml.EXAMPLE.parent / "dacls", dacls)
    texts = {"BRANCH.acl": BRANCH_FILE}
    lists = {"LONG.acl": LONG, "LONG6.ipv6.acl": IPV6, "WEB.agnostic.acl": AGNOSTIC, "ASA.acl": ASA}
    texts |= {name: "\n".join(lines) + "\n" for name, lines in lists.items()}
    for name, text in texts.items():
        (dacls / name).write_text(text, encoding="utf-8")
    shared = directory.resolve() / "mdm" / "shared.key"
    shared.write_bytes(key)
    return new_site(directory, toml={"dacl_key_file": mdm_toml.quoted(shared)}, devices=DEVICES)


def stored(site: Site, name: str, count: int = 1) -> list[StoredDownload]:
    """The stored downloads of that name, oldest first, as soon as there are `count`."""
    queries = StoreQueries(site.state_directory / "store.sqlite")

    def found() -> list[StoredDownload]:
        return [each for each in reversed(queries.downloads(1000)) if each.download.name == name]

    wait_for(lambda: len(found()) >= count, f"{count} downloads of {name} are in the store", 10)
    return found()


def last(site: Site, name: str, code: str) -> Download:
    """The latest stored download of that name, as soon as it has that code."""
    wait_for(lambda: stored(site, name)[-1].download.code == code, f"{name} ended with {code}", 10)
    return stored(site, name)[-1].download


def names(reply: Reply) -> list[str]:
    return [at.name for at in reply.attributes]


def refused(reply: Reply, code: str) -> bool:
    """A signed Access-Reject that says why and nothing else."""
    said = str(reply.value("Reply-Message"))
    assert names(reply) == ["Message-Authenticator", "Reply-Message"]
    assert reply.message_authenticator_first
    return reply.code is Code.ACCESS_REJECT and said.startswith(f"{code} ")

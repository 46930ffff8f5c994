"""Downloadable ACLs of the end-to-end tests, written by hand, and how they get into a running site."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.site import Site
from freeradius_mdm.store.read import StoreReader

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

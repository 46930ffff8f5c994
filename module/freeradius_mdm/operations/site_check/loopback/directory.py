"""The temporary FreeRADIUS's directory: a configuration with one server, and the site's policy, package, dictionary."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ....download import key
from ....errors import StoreError
from ....raddb.tree import Section
from ....store.read import StoreReader
from ....store.write import StoreWriter
from ..freeradius import Account
from ..links import dictionary_files
from ..site import Site, value
from . import mdm_toml

ENROLMENT = "https://enrolment.invalid/"  # RFC 6761: nobody's
_ALWAYS = ("ok", "reject", "fail", "handled", "noop", "updated", "invalid", "notfound", "userlock")
_MAIN = """prefix = {prefix}
libdir = {libdir}
confdir = {raddb}
logdir = {log}
run_dir = {log}
pidfile = {log}/radiusd.pid
hostname_lookups = no
max_requests = 16384
proxy_requests = no
log {{
	destination = files
	file = {log}/radius.log
}}
security {{
	max_attributes = 200
	reject_delay = 0
	status_server = no
}}
thread pool {{
	start_servers = 2
	max_servers = 4
	min_spare_servers = 1
	max_spare_servers = 4
}}
modules {{
{always}	always mdm_wait {{
		rcode = fail
	}}
	python3 {name} {{
{settings}		config {{
			file = "{toml}"
			dictionary = "{dictionary}"
			local_dictionary = "{local_dictionary}"
		}}
	}}
}}
policy {{
	$INCLUDE {policy}
}}
{clients}server mdm-check {{
	listen {{
		type = auth
		ipaddr = 127.0.0.1
		port = {port}
	}}
	authorize {{
		mdm
		update control {{
			&Auth-Type := Accept
		}}
	}}
	post-auth {{
		mdm
		Post-Auth-Type REJECT {{
			mdm_reject
		}}
	}}
}}
"""
_CLIENT = """client mdm-check-{family} {{
	ipaddr = {address}
	secret = {secret}
	shortname = {name}
	require_message_authenticator = yes
	mdm_family = {family}
}}
"""


@dataclass(frozen=True, slots=True)
class Nas:
    """A network device that is played: one for each vendor family, with an address of its own on the loopback net."""

    family: str
    address: str
    secret: str

    @property
    def name(self) -> str:
        """Its short name in FreeRADIUS."""
        return f"mdm-check-{self.family}"


class Unfit(Exception):
    """The site has not what the temporary server is made of; the text says what."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was written. `log`: FreeRADIUS's. `addresses`: of each MDM server, for enrolment."""

    raddb: Path
    log: Path
    toml: Path
    addresses: Mapping[str, str]


def played(families: Sequence[str]) -> tuple[Nas, ...]:
    """One network device for each family."""
    secret = secrets.token_hex(16)
    return tuple(Nas(family, f"127.0.0.{number}", secret) for number, family in enumerate(families, 10))


def make(site: Site, directory: Path, nas: tuple[Nas, ...], port: int, account: Account | None) -> Made:
    """Write everything below `directory`, for FreeRADIUS to be run as `account`. Raises Unfit, OSError, ValueError."""
    config = site.config
    if config is None:
        raise Unfit("mdm.toml has errors")
    raddb, log, state, own = (directory / name for name in ("raddb", "log", "state", "mdm"))
    for each in (raddb, log, own):
        each.mkdir()
    toml = own / "mdm.toml"
    (own / "dacls").symlink_to(config.file.parent.absolute() / "dacls")
    mdm_toml.write(config.file, toml, state, list(config.profiles))
    addresses = {server.name: _address(config.service.store_file, server.name) for server in config.servers}
    _fill(state, addresses)
    _, local = dictionary_files(site)
    (raddb / "dictionary").write_text(f"$INCLUDE {local}\n", encoding="utf-8")
    (raddb / "radiusd.conf").write_text(_main(site, raddb, log, toml, nas, port), encoding="utf-8")
    if account is not None:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return Made(raddb, log, toml, addresses)


def _address(store: Path, server: str) -> str:
    """Where a user enrols, by the site's store; a stand-in while that is not known."""
    reader = StoreReader(store)
    try:
        return reader.redirect_url(server) or ENROLMENT
    except StoreError:
        return ENROLMENT
    finally:
        reader.close()


def _fill(state: Path, addresses: Mapping[str, str]) -> None:
    """A store that knows of no device, with an address for enrolment; the key and the journal."""
    writer = StoreWriter(state)
    try:
        for server, address in addresses.items():
            writer.put_redirect_url(server, address, 0.0)
    finally:
        writer.close()
    key.make(state / "dacl.key")
    (state / "journal").mkdir(exist_ok=True)


def _main(site: Site, raddb: Path, log: Path, toml: Path, nas: Sequence[Nas], port: int) -> str:
    top, module = site.top, site.policy_module
    if top is None or module is None:
        raise Unfit("no python3 instance of FreeRADIUS's configuration runs our hooks")
    policy = next((found for each in top.all("policy") if (found := each.find("mdm.authorize"))), None)
    if policy is None:
        raise Unfit("FreeRADIUS's configuration has no policy mdm.authorize")
    config = module.find("config")
    clients = [_CLIENT.format(**_client(each)) for each in nas]
    return _MAIN.format(
        prefix=value(top, "prefix", "/usr"),
        libdir=value(top, "libdir", "/usr/lib/freeradius"),
        raddb=raddb,
        log=log,
        always="".join(f"\talways {name} {{\n\t\trcode = {name}\n\t}}\n" for name in _ALWAYS),
        name=module.name2 or module.name1,
        settings=_settings(module),
        toml=toml,
        dictionary=(value(config, "dictionary") if config else "") or "/usr/share/freeradius/dictionary",
        local_dictionary=raddb / "dictionary",
        policy=policy.where.rpartition(":")[0],
        clients="".join(clients),
        port=port,
    )


def _settings(module: Section) -> str:
    """The site's own, so that what is wrong with them shows."""
    names = [pair.name for pair in module.pairs if pair.value is not None]
    return "".join(f'\t\t{name} = "{value(module, name)}"\n' for name in names)


def _client(nas: Nas) -> dict[str, str]:
    return {"family": nas.family, "address": nas.address, "secret": nas.secret, "name": nas.name}

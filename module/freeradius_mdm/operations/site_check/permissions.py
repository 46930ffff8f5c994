"""Who can read and write what: radiusd and mdmd share a directory, and nobody but mdmd may read its key.

The kernel is asked, by a program run as that account, so that ACLs and directories above count as well.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...config.model import Config, Server
from ..codes import OperationCode
from .finding import Finding, Findings, few
from .freeradius import Account, account_of, as_account
from .site import Site

_ACCOUNTS = Findings("permissions.accounts", OperationCode.SITE_PERMISSION)
_STATE = Findings("permissions.state", OperationCode.SITE_PERMISSION)
_FILES = Findings("permissions.files", OperationCode.SITE_PERMISSION)
_KEYS = Findings("permissions.keys", OperationCode.SITE_PERMISSION)
_OTHERS = 0o077
_UNIT = "systemd/mdmd.service has the users and groups"
_WORDS = {"r": "read", "w": "write", "x": "enter"}


@dataclass(frozen=True, slots=True)
class _Who:
    """`account` None: it can't be asked for."""

    name: str
    account: Account | None


def check(site: Site) -> Iterator[Finding]:
    """State directory, configuration, keys."""
    config = site.config
    if config is None:
        yield _FILES.skipped("mdm.toml has errors, and says where everything is")
        return
    state = config.service.state_directory
    if not state.is_dir():
        what = "the state directory is missing: nothing is known of any device, and no decision is recorded"
        yield _STATE.error(what, f"start mdmd, which makes it; {_UNIT}", str(state))
        return
    mdmd, radiusd = _Who("mdmd", _owner(config)), _Who("radiusd", site.radiusd_account or _radiusd(site))
    asked = [who for who in (mdmd, radiusd) if _can_ask(who)]
    yield _ACCOUNTS.ok("; ".join(_described(who) for who in (mdmd, radiusd)), str(state))
    for who in (mdmd, radiusd):
        if who not in asked:
            what = f"what {who.name} can read and write is not looked at: only root can ask for another user"
            yield _FILES.skipped(what, "run it as root")
    yield from _state(config, asked)
    yield from _files(site, config, asked)
    yield from _keys(config, [who for who in asked if who.name == "mdmd"])


def _state(config: Config, asked: list[_Who]) -> Iterator[Finding]:
    service = config.service
    directory = service.state_directory
    wanted = [(directory, "rwx", "rwx"), (service.journal_directory, "rwx", "rwx")]
    # radiusd reads the store and, for that, writes the index of its write-ahead log.
    wanted += [(service.store_file, "rw", "rw"), (Path(f"{service.store_file}-shm"), "rw", "rw")]
    wanted.append((service.dacl_key, "r", "r"))
    if not service.store_file.exists():
        what = "the store is missing: mdmd has never run with this state directory"
        yield _STATE.error(what, "start mdmd; or correct service.state_directory", str(service.store_file))
    faults = list(_refused(_STATE, wanted, asked, f"chgrp to the group that both share, chmod g+rwXs; {_UNIT}"))
    yield from faults
    if not faults and asked:
        yield _STATE.ok(f"store and journal can be used by {' and '.join(who.name for who in asked)}", str(directory))


def _files(site: Site, config: Config, asked: list[_Who]) -> Iterator[Finding]:
    both = [(config.file, "r", "r"), (config.file.parent / "dacls", "rx", "rx")]
    both += [(acl.file, "r", "r") for acl in config.dacls.values()]
    own = [site.raddb / name for name in ("dictionary.mdm", "policy.d/mdm", "mods-config/mdm/python")]
    both += [(path, "", "r") for path in own] + [(config.coa.clients, "r", "")]
    if config.coa.secrets_file is not None:
        both.append((config.coa.secrets_file, "r", ""))
    advice = "chgrp to FreeRADIUS's group and chmod g+rX, and make mdmd's user a member of it"
    faults = list(_refused(_FILES, both, asked, advice))
    yield from faults
    if not faults and asked:
        yield _FILES.ok(f"mdm.toml and what belongs to it can be read by {' and '.join(who.name for who in asked)}")


def _keys(config: Config, mdmd: list[_Who]) -> Iterator[Finding]:
    """Keys of MDM servers. A directory above can close them too, but who relies on that does not see it change."""
    fine: list[str] = []
    servers = {file: server for server in config.servers for file in _secrets(server)}
    for path, server in servers.items():
        try:
            status = path.stat()
        except OSError as error:
            what = f"{error.strerror}: mdmd can't sign in to Microsoft"
            make = f"mdmctl cert new {server.name}, or " if path == server.key_file else ""
            yield _KEYS.error(what, f"{make}correct the path, or put the file there", str(path))
            continue
        mode = stat.S_IMODE(status.st_mode)
        owner = mdmd[0].account.uid if mdmd and mdmd[0].account else status.st_uid
        if mode & _OTHERS or status.st_uid not in (owner, 0):
            who = f"its mode is {mode:04o}" if mode & _OTHERS else f"it belongs to {_user(status.st_uid)}"
            what = f"{who}: others than mdmd can read the key that signs in to Microsoft"
            yield _KEYS.error(what, f"chown {_user(owner)} {path} && chmod 0400 {path}", str(path))
        else:
            fine.append(str(path))
        yield from _refused(_KEYS, [(path, "r", "")], mdmd, f"chown it to mdmd's user and chmod 0400 {path}")
    if fine:
        yield _KEYS.ok(f"nobody but mdmd reads {few(fine, 2)}")
    certificates = [(server.certificate_file, "r", "") for server in config.servers if server.certificate_file]
    yield from _refused(_KEYS, certificates, mdmd, "chmod 0644: a certificate is no secret")


def _refused(
    finding: Findings, wanted: list[tuple[Path, str, str]], asked: list[_Who], advice: str
) -> Iterator[Finding]:
    """`wanted`: path, what mdmd has to be able to do with it, what radiusd has to; what is not there is left out.

    What stands below a directory that can't be entered is not told again.
    """
    closed: set[tuple[_Who, Path]] = set()
    for path, mdmd, radiusd in wanted:
        if not path.exists():
            continue
        for who in asked:
            if any((who, above) in closed for above in path.parents):
                continue
            rights = mdmd if who.name == "mdmd" else radiusd
            lacking = [right for right in rights if who.account and not _can(who.account, path, right)]
            if "x" in lacking:
                closed.add((who, path))
            if lacking:
                words = " nor ".join(_WORDS[right] for right in lacking)
                yield finding.error(f"{_described(who)} can't {words} it", advice, str(path))


def _can(account: Account, path: Path, right: str) -> bool:
    if account.uid == os.geteuid():
        return os.access(path, {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}[right], effective_ids=True)
    command = ["/usr/bin/test", f"-{right}", str(path)]
    return subprocess.run(command, check=False, **as_account(account)).returncode == 0


def _can_ask(who: _Who) -> bool:
    return who.account is not None and os.geteuid() in (0, who.account.uid)


def _owner(config: Config) -> Account | None:
    """mdmd made the store, so it runs as its owner."""
    for path in (config.service.store_file, config.service.state_directory):
        try:
            status = path.stat()
        except OSError:
            continue
        return account_of(status.st_uid)
    return None


def _radiusd(site: Site) -> Account | None:
    """Without `user` FreeRADIUS stays whom it was started as."""
    return account_of(os.geteuid()) if site.top is not None else None


def _secrets(server: Server) -> Iterator[Path]:
    yield from (path for path in (server.key_file, server.client_secret_file) if path is not None)


def _described(who: _Who) -> str:
    return f"{who.name} (user {who.account.name})" if who.account else f"{who.name} (user not known)"


def _user(uid: int) -> str:
    account = account_of(uid)
    return account.name if account else str(uid)

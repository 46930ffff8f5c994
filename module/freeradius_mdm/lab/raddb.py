"""A FreeRADIUS configuration for the lab: a copy of the packaged one, changed by the same patch and links as a site's.

What the lab adds to the README's steps are ports, certificates, paths below its own directory, a few clients and a
user, all of it listed in `_localise`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import MdmError

REPOSITORY = Path(__file__).resolve().parents[3]
OVERLAY = REPOSITORY / "freeradius"
STOCK_RADDB = Path("/etc/freeradius/3.0")
SECRET = "lab-secret-0123456789"  # noqa: S105 of a lab on the loopback address
VPN_USER, VPN_PASSWORD = "employee", "lab-password"
UNSIGNED_CLIENT = "127.0.0.2"  # a headend that can't send Message-Authenticator
AUTHORIZE_ONLY_CLIENT = "127.0.0.3"  # a headend that checks its users itself
_CLIENTS = f"""
client lab {{
	ipaddr = 127.0.0.1
	secret = {SECRET}
	shortname = lab-switch
	require_message_authenticator = yes
}}
client lab_headend {{
	ipaddr = {UNSIGNED_CLIENT}
	secret = {SECRET}
	shortname = lab-headend
	require_message_authenticator = no
	mdm_message_authenticator = optional
}}
client lab_saml_headend {{
	ipaddr = {AUTHORIZE_ONLY_CLIENT}
	secret = {SECRET}
	shortname = lab-saml-headend
	require_message_authenticator = yes
	mdm_family = cisco-asa
	mdm_authorize_only = yes
}}
client lab_ipv6 {{
	ipv6addr = ::1
	secret = {SECRET}
	shortname = lab-switch6
	require_message_authenticator = yes
}}
"""


@dataclass(frozen=True, slots=True)
class NetworkDevice:
    """One more client of FreeRADIUS, such as one in a network namespace. `name`: its shortname, in log and decisions.

    `listen`: this machine's address that it sends to, on which FreeRADIUS listens too; it has to exist by then.
    `family`: its vendor family (`mdm_family` in the client section); "" leaves that out. `coa_port` and
    `coa_address`: where it takes changes of authorization (`mdm_coa_port`, `mdm_coa_address`), if elsewhere than usual.
    """

    name: str
    address: str
    listen: str
    family: str = ""
    coa_port: int = 0
    coa_address: str = ""

    def section(self) -> str:
        """Its section of clients.conf."""
        family = f"\tmdm_family = {self.family}\n" if self.family else ""
        port = f"\tmdm_coa_port = {self.coa_port}\n" if self.coa_port else ""
        port += f"\tmdm_coa_address = {self.coa_address}\n" if self.coa_address else ""
        return (
            f"client {self.name} {{\n\tipaddr = {self.address}\n\tsecret = {SECRET}\n\tshortname = {self.name}\n"
            f"\trequire_message_authenticator = yes\n{family}{port}}}\n"
        )


@dataclass(frozen=True, slots=True)
class Raddb:
    """What a lab's FreeRADIUS needs. `directory` is made anew; `stock` is the packaged configuration to copy."""

    directory: Path
    stock: Path
    log_directory: Path
    mdm_toml: Path
    auth_port: int
    acct_port: int
    mdmd_address: str
    server_certificate: Path
    server_key: Path
    ca_file: Path
    resumption: bool = False
    with_module: bool = True  # False: FreeRADIUS as packaged, for comparison
    devices: tuple[NetworkDevice, ...] = ()
    coa_port: int = 0  # where `lab` takes changes of authorization, 0: the usual one


def build(raddb: Raddb) -> None:
    """Make the configuration anew. Raises MdmError when the packaged files are not as expected."""
    if raddb.directory.exists():
        shutil.rmtree(raddb.directory)
    try:
        shutil.copytree(raddb.stock, raddb.directory, symlinks=True)
    except (OSError, shutil.Error) as error:
        raise MdmError(f"{raddb.stock} can't be copied: {error}. Run `make setup` first") from error
    if raddb.with_module:
        _patch(raddb.directory)
        _link(raddb.directory, raddb.mdm_toml)
        wait = raddb.directory / "mods-available/mdm_wait"
        _edit(wait, (r'mdmd = "http://[^"]*"', f'mdmd = "http://{raddb.mdmd_address}"'))
    else:
        # The same threads as the patch gives, so that nothing but the module differs.
        threads = (("start_servers = 5", "start_servers = 64"), ("max_servers = 32", "max_servers = 256"))
        _edit(raddb.directory / "radiusd.conf", *((rf"^\t{old}$", f"\t{new}") for old, new in threads))
    _localise(raddb)


def _patch(directory: Path) -> None:
    """README step 1."""
    command = ["patch", "--quiet", "-p1", "-d", str(directory), "-i", str(OVERLAY / "stock.patch")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MdmError(f"freeradius/stock.patch does not fit {directory}: {done.stdout}{done.stderr}")


def _link(directory: Path, mdm_toml: Path) -> None:
    """README step 2; the lab's own mdm.toml stands where a site has its copy of the example."""
    for place in ("dictionary.mdm", "policy.d/mdm", "sites-available/mdm-eap-tls", "mods-available/mdm_policy"):
        (directory / place).symlink_to(OVERLAY / place)
    shutil.copy(OVERLAY / "mods-available/mdm_wait", directory / "mods-available/mdm_wait")
    for kind, name in (("mods", "mdm_policy"), ("mods", "mdm_wait"), ("sites", "mdm-eap-tls")):
        (directory / f"{kind}-enabled" / name).symlink_to(f"../{kind}-available/{name}")
    own = directory / "mods-config/mdm"
    own.mkdir()
    # A copy, because FreeRADIUS's Python leaves compiled files beside what it reads, from 3.2.4 on whatever
    # PYTHONPYCACHEPREFIX says, and the lab writes into its own directory only.
    left_out = shutil.ignore_patterns("__pycache__", "lab")
    shutil.copytree(REPOSITORY / "module", own / "python", ignore=left_out)
    (own / "mdm.toml").symlink_to(mdm_toml)
    (own / "dacls").symlink_to(mdm_toml.parent / "dacls")


def _localise(raddb: Raddb) -> None:
    directory, log = raddb.directory, raddb.log_directory
    log.mkdir(parents=True, exist_ok=True)
    _edit(
        directory / "radiusd.conf",
        (r"^localstatedir = .*", f"localstatedir = {log}"),
        (r"^logdir = .*", f"logdir = {log}"),
        (r"^raddbdir = .*", f"raddbdir = {directory}"),
        (r"^run_dir = .*", f"run_dir = {log}"),
        (r"^\tuser = freerad", "#"),
        (r"^\tgroup = freerad", "#"),
        (r"^\treject_delay = 1", "\treject_delay = 0"),
    )
    _edit(
        directory / "mods-available/eap",
        (r"^\tdefault_eap_type = md5", "\tdefault_eap_type = tls"),
        (r"^\t\tprivate_key_file = .*", f"\t\tprivate_key_file = {raddb.server_key}"),
        (r"^\t\tcertificate_file = .*", f"\t\tcertificate_file = {raddb.server_certificate}"),
        (r"^\t\tca_file = .*", f"\t\tca_file = {raddb.ca_file}"),
        (r"^\t\tca_path = .*", "#"),
        (r'^\t\ttls_max_version = "1.2"', '\t\ttls_max_version = "1.3"'),
    )
    if raddb.resumption:
        cache = f'\t\tcache {{\n\t\t\tname = "lab"\n\t\t\tpersist_dir = "{log}/tlscache"\n\t\t\tenable = yes\n'
        (log / "tlscache").mkdir(exist_ok=True, mode=0o700)
        # With the comments between, since other sections of the file say `enable = no` as well.
        _edit(directory / "mods-available/eap", (r"^\t\tcache \{\n(?:.*\n)*?\t\t\tenable = no\n", cache))
    _listen(directory / "sites-available/default", raddb)
    # Debian's file has this listener on a fixed port, which two labs can't share.
    _edit(directory / "sites-available/inner-tunnel", (r"^listen \{\n(?:.*\n)*?\}", ""))
    clients = _CLIENTS + "".join(device.section() for device in raddb.devices)
    if raddb.coa_port:
        clients = clients.replace(
            "shortname = lab-switch\n", f"shortname = lab-switch\n\tmdm_coa_port = {raddb.coa_port}\n"
        )
    (directory / "clients.conf").write_text(clients, encoding="utf-8")
    users = directory / "mods-config/files/authorize"
    user = f'{VPN_USER} Cleartext-Password := "{VPN_PASSWORD}"\n'
    users.write_text(user + users.read_text(encoding="utf-8"), encoding="utf-8")


def _listen(site: Path, raddb: Raddb) -> None:
    text = site.read_text(encoding="utf-8")
    start, end = text.index("\nlisten {"), text.index("\nauthorize {")
    more = [("ipaddr", address) for address in dict.fromkeys(device.listen for device in raddb.devices)]
    sockets = [
        f"listen {{\n\ttype = {kind}\n\t{key} = {address}\n\tport = {port}\n}}\n"
        for kind, port in (("auth", raddb.auth_port), ("acct", raddb.acct_port))
        for key, address in dict.fromkeys((("ipaddr", "127.0.0.1"), ("ipv6addr", "::1"), *more))
    ]
    site.write_text(text[:start] + "\n" + "".join(sockets) + text[end:], encoding="utf-8")


def _edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement.replace("\\", r"\\"), text, flags=re.MULTILINE)
        if not count:
            raise MdmError(f"{path} holds nothing like {pattern!r}: is this FreeRADIUS 3.2.1 to 3.2.8 from Debian?")
    path.write_text(text, encoding="utf-8")

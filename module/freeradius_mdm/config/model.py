"""The configuration as values: what `mdm.toml` says once it has been read and checked.

Durations are seconds. Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ..compliance import IdKind
from ..dacl import Dacl
from ..policy.model import Rule
from ..profiles.family import Family
from ..profiles.model import AuthorizationProfile

_CLOCK_STEP = 1.0  # seconds; a smaller step back is the daily work of NTP


class AssertionMode(StrEnum):
    """How the client assertion is signed (intune.md section 2.3)."""

    PS256 = "ps256"
    RS256 = "rs256"


class BulkIdentifier(StrEnum):
    """What the bulk list shall name devices by (intune.md section 4)."""

    MACADDRESS = "macaddress"
    GUID = "guid"


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where one Microsoft cloud lives; every field can be overridden per server (intune.md section 1)."""

    login_host: str
    graph_host: str
    scope: str
    crs_host_suffixes: tuple[str, ...]  # each with its leading dot


@dataclass(frozen=True, slots=True)
class Server:
    """One `[[servers]]` entry: an MDM server, as ISE's External MDM form has it."""

    name: str
    enabled: bool
    cloud_name: str
    cloud: Cloud
    tenant: str
    client_id: str
    certificate_file: Path | None
    key_file: Path | None
    key_passphrase_file: Path | None
    client_secret_file: Path | None
    assertion_mode: AssertionMode
    reauth_interval: float
    polling_interval: float  # 0 turns polling off
    recheck_interval: float  # 0 turns rechecks off; what is renewed ahead of a reauthentication stays
    refresh_margin: float
    last_known_for: float
    unreachable_retry: float
    connect_timeout: float
    read_timeout: float
    max_concurrent: int
    proxy: str | None
    ca_file: Path | None
    allowed_crs_hosts: tuple[str, ...]  # lab or relay hosts outside the cloud's own domain
    connect_to: str | None  # HOST:PORT that every connection of this server goes to, names and checks unchanged
    recheck_rate: float = 5.0  # questions a second that no authentication waits for, of all nodes together
    bulk_identifier: BulkIdentifier = BulkIdentifier.MACADDRESS

    def due_at(self, answered_at: float) -> float:
        """When an answer must be renewed for the sessions that run on it (DESIGN.md, Time)."""
        return answered_at + self.reauth_interval

    def is_due(self, answered_at: float, now: float) -> bool:
        """True inside the refresh margin already, so that a timer never races its own record.

        An answer from the future (a clock that was set back) is due too: its age can't be vouched for.
        """
        return now >= self.due_at(answered_at) - self.refresh_margin or self.is_from_the_future(answered_at, now)

    def is_from_the_future(self, answered_at: float, now: float) -> bool:
        """True when the clock was set back since; such an answer could else stay "last known" for ever."""
        return answered_at > now + _CLOCK_STEP


class IdentitySourceType(StrEnum):
    """Where an identity can be found in a request."""

    CERTIFICATE_URI = "certificate-uri"
    VPN_DEVICE_ID = "vpn-device-id"
    CERTIFICATE_CN = "certificate-cn"
    MAC = "mac"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One accepted form of a device id. `text` is as configured; `regex`, for fullmatch, has the group `guid`."""

    text: str
    kind: IdKind
    regex: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class IdentitySource:
    """One `[[identity]]` entry; the order of the entries is the order of precedence among device ids."""

    type: IdentitySourceType
    server: str
    patterns: tuple[Pattern, ...] = ()
    allow_randomised: bool = False  # mac only: ask about locally administered addresses too


class Mode(StrEnum):
    """`monitor` evaluates and records everything and lets the device in as configured."""

    ENFORCE = "enforce"
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class Policy:
    """`[policy]` and `[[rules]]`, read top down; the first match wins, `default_profile` when none does."""

    mode: Mode
    monitor_profile: str | None
    default_profile: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """`[service]`: what radiusd's hooks and mdmd share."""

    listen_host: str
    listen_port: int
    state_directory: Path
    wait: float  # how long a request may wait for an answer
    audit_required: bool  # a decision that can't be journaled becomes a reject
    dacl_key_file: Path | None = None  # shared by several servers; None: each has its own, which its mdmd makes
    download_packet_size: int = 3800  # bytes of one packet of a downloadable ACL
    keep_old_dacls: float = 604800.0  # how long a session may hold an older version of a downloadable ACL
    prefetch_rate: int = 20  # questions a second that one network device's first EAP packets may cause; 0: none
    timer_jitter_percent: int = 0  # by how much timers may be shortened at random
    control_group: str = ""  # whose members may use the control socket beside root and mdmd's own user

    @property
    def dacl_key(self) -> Path:
        """The key of what a download over several packets carries from one to the next."""
        return self.dacl_key_file or self.state_directory / "dacl.key"

    @property
    def control_socket(self) -> Path:
        """Where mdmd takes orders of operators."""
        return self.state_directory / "control.sock"

    @property
    def store_file(self) -> Path:
        """The one SQLite file: mdmd writes it, the hooks read it."""
        return self.state_directory / "store.sqlite"

    @property
    def journal_directory(self) -> Path:
        """Where the hooks append decisions."""
        return self.state_directory / "journal"


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """`[sessions]`: how long the session directory believes in a session, and remembers it."""

    lost_after: float = 86400.0  # without accounting, for a session without a timer
    keep_ended: float = 90 * 86400.0


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """`[cluster]`: the Redis or Valkey through which several mdmds share. See config/cluster.py."""

    node: str
    hosts: tuple[tuple[str, int], ...]  # host and port: of Redis, or of each Sentinel
    sentinel: str  # the name under which the Sentinels know the primary; "": `hosts` is Redis itself
    tls: bool  # to Redis and to the Sentinels
    db: int
    prefix: str
    user: str  # of Redis's ACL; "" for the default one
    password_file: Path | None
    sentinel_password_file: Path | None
    ca_file: Path | None  # None: the system's
    certificate_file: Path | None
    key_file: Path | None
    gone_after: float


class CoaMode(StrEnum):
    """What becomes of a change of authorization."""

    ON = "on"
    DRY_RUN = "dry-run"  # recorded as it would have been sent
    OFF = "off"


class CoaAction(StrEnum):
    """What a network device can be asked to do with a session."""

    REAUTHENTICATE = "reauthenticate"
    REAUTHENTICATE_RERUN = "reauthenticate_rerun"
    PUSH = "push"
    DISCONNECT = "disconnect"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True)
class CoaSettings:
    """`[coa]`: how network devices are told that a session's authorization has changed.

    `actions`: by vendor family, the first one first; a family that is not there has its own usual ones. `rate`,
    requests a second, and `in_flight`, requests without an answer, are for one network device.
    """

    mode: CoaMode = CoaMode.ON
    grace: float = 0.0  # how long a session keeps what it has before it is given less
    clients: Path = Path("clients.conf")  # FreeRADIUS's client definitions
    secrets_file: Path | None = None  # for clients that FreeRADIUS does not have in files
    freeradius_version: tuple[int, ...] = ()  # (): FreeRADIUS itself is asked
    rate: float = 20.0
    in_flight: int = 8
    timeout: float = 30.0  # how long one request is repeated before it is put off
    actions: Mapping[str, tuple[CoaAction, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NetworkDevices:
    """`[network_devices]`: the families in use by name, and the one of a device whose client section names none."""

    default: Family
    default_vpn: Family | None  # None: a VPN headend has to be named
    families: Mapping[str, Family]


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of `mdm.toml`, checked."""

    file: Path
    service: Service
    servers: tuple[Server, ...]
    identity: tuple[IdentitySource, ...]
    policy: Policy
    profiles: Mapping[str, AuthorizationProfile]
    dacls: Mapping[str, Dacl]
    network_devices: NetworkDevices
    cluster: ClusterSettings | None = None  # None: this mdmd is the only one
    warnings: tuple[str, ...] = ()
    sessions: SessionSettings = SessionSettings()
    coa: CoaSettings = CoaSettings()

    def server(self, name: str) -> Server:
        """The server of that name; the reader has made sure that every name used exists."""
        for server in self.servers:
            if server.name == name:
                return server
        raise KeyError(name)

"""A site with a strongSwan headend, for the tests that dial in to it; what it gives, and to whom, is POLICY."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from freeradius_mdm.lab import detail
from freeradius_mdm.lab.authenticators.ike_sa import IkeSa
from freeradius_mdm.lab.authenticators.vpn_client import VpnClient, VpnClientConfig
from freeradius_mdm.lab.authenticators.vpn_headend import Headend, HeadendConfig, VpnNetwork
from freeradius_mdm.lab.detail import AccountingRecord
from freeradius_mdm.lab.pki import Credential
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import SECRET
from freeradius_mdm.lab.site import Site
from tests.radius.endpoint import Endpoint

URI = "IntuneDeviceId://{}"  # a form of the SAN URI name without blanks, which FreeRADIUS refuses in a User-Name
TIMED_URI = "ID:Intune:GUID:{}"  # another one, for devices whose session has an end

POLICY = """\
[[rules]]
name = "For some seconds"
when = { "MDM:DeviceCompliantStatus" = "Compliant", "Radius:User-Name" = { prefix = "ID:Intune:GUID:" } }
profile = "Seconds"

[[rules]]
name = "Compliant"
when = { "NAS:Kind" = "vpn", "MDM:DeviceRegisterStatus" = "Registered", "MDM:DeviceCompliantStatus" = "Compliant" }
profile = "Staff"

[[rules]]
name = "Not compliant"
when = { "MDM:DeviceRegisterStatus" = "Registered", "MDM:DeviceCompliantStatus" = "NonCompliant" }
profile = "Reject"

[[rules]]
name = "Not registered"
when = { "MDM:DeviceRegisterStatus" = "UnRegistered" }
profile = "Reject"

[[rules]]
name = "Intune unreachable"
when = { "MDM:MDMServerReachable" = "UnReachable" }
profile = "Reject"

[profiles.Staff]
group_policy = "staff"
attributes = ["Tunnel-Type := ESP", "Filter-Id := laptops"]
families = ["strongswan"]

[profiles.Seconds]
group_policy = "staff"
vpn_session_timeout = "10s"
families = ["strongswan"]

[profiles.Monitor]

[profiles.Reject]
access = "reject"
"""


@dataclass(frozen=True, slots=True)
class Vpn:
    """A site with its headend."""

    site: Site
    network: VpnNetwork
    headend: Headend
    config: HeadendConfig
    directory: Path

    @contextmanager
    def device(self, credential: Credential, uri: str) -> Iterator[VpnClient]:
        """A device with its VPN client; the headend has forgotten it afterwards."""
        config = VpnClientConfig(credential, uri, self.site.pki.ca_file)
        with VpnClient(self.network, config, self.directory / "client") as client:
            try:
                yield client
            finally:
                client.charon.try_swanctl("--terminate", "--ike", "vpn")
        self.headend.wait_until_gone()

    @contextmanager
    def laptop(self, endpoint: Endpoint, form: str = URI) -> Iterator[VpnClient]:
        """That endpoint, with a certificate for it that has this form of URI name."""
        uri = form.format(endpoint.device_id)
        with self.device(endpoint.issue(uris=[uri]), uri) as client:
            yield client

    def session(self) -> IkeSa:
        """The only IKE SA there is at the headend."""
        (only,) = self.headend.sessions()
        return only

    def accounting(self, user: str, *statuses: str) -> list[AccountingRecord]:
        """A user's accounting, as soon as it has these Acct-Status-Types one after the other."""
        found: list[AccountingRecord] = []

        def there() -> bool:
            found[:] = [each for each in detail.accounting(self.site.log_directory) if each.first("User-Name") == user]
            return len(found) >= len(statuses)

        wait_for(there, f"accounting of {user}: {', '.join(statuses)}", 10)
        assert tuple(each.status for each in found) == statuses
        return found

    def disconnect_request(self, *attributes: str) -> str:
        """What the headend says to a Disconnect-Request (RFC 5176), as radclient prints it."""
        command = ["radclient", "-x", "-t", "2", "-r", "2", f"{self.network.source}:3799", "disconnect", SECRET]
        done = subprocess.run(command, input=", ".join(attributes), capture_output=True, text=True, check=False)
        return done.stdout.partition("Received ")[2]

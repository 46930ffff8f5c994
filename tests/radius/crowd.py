"""Many devices signing in at the same moment, each behind a network device of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from freeradius_mdm.lab.pki import KeyType
from freeradius_mdm.lab.raddb import SECRET
from freeradius_mdm.lab.radius import RadiusClient, RetryPolicy, Server
from freeradius_mdm.lab.radius.supplicant import EapTlsResult
from freeradius_mdm.lab.site import Site
from tests.radius.endpoint import Endpoint


def fleet(site: Site, new_endpoint: Callable[[Site], Endpoint], count: int) -> list[Endpoint]:
    """Devices that Intune knows as compliant, with certificates that are quick to make."""
    made = [new_endpoint(site) for _ in range(count)]
    for endpoint in made:
        endpoint.enrol()
        endpoint.credential = endpoint.issue(key_type=KeyType.EC_256)
    return made


def insistent_client(site: Site, wait: float = 0.2) -> RadiusClient:
    """A client that sends again every `wait` seconds, and so notices soon when radiusd has gone."""
    return RadiusClient(Server("127.0.0.1", site.ports.radius, SECRET.encode()), RetryPolicy(tries=100, wait=wait))


def sign_in_at_once(endpoints: Sequence[Endpoint]) -> tuple[list[EapTlsResult], float]:
    """Each endpoint signs in once, all at the same moment; the results in order, and the seconds it took in all."""
    gate = threading.Barrier(len(endpoints) + 1)

    def one(endpoint: Endpoint) -> EapTlsResult:
        gate.wait(20)
        return endpoint.sign_in()

    with ThreadPoolExecutor(len(endpoints)) as pool:
        results = [pool.submit(one, endpoint) for endpoint in endpoints]
        gate.wait(20)
        began = time.monotonic()
        return [result.result(60) for result in results], time.monotonic() - began

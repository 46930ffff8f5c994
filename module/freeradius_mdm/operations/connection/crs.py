"""Steps 12, 15 and 16: where CRS is, what it says of itself, and one device with the time it takes."""

from __future__ import annotations

import statistics
from urllib.parse import urlsplit

from ...compliance import ComplianceAnswer, EndpointKey, IdKind, Registration
from ...errors import SourceError
from ...mdm.codes import MdmCode
from ...mdm.crs_address import is_outside
from .model import Outcome, StepFailed, StepState, skipped
from .walk import Walk

EXPECTED, FELT = 0.200, 0.300  # seconds; Cisco: the expected answer time, and from where users feel it (intune.md 0)
_QUESTIONS = 3
_MOVING = "Microsoft may be moving the tenant to another scale unit: test again in some minutes; if it lasts, ask them"
_SLOW = "look at the way out (proxy, line, DNS) and at Microsoft's service health; users wait that long for the network"


def discovery(walk: Walk) -> Outcome:
    """The tenant's endpoint list, its CRS record, and the check of that address."""
    uri = walk.source.discovery.address()
    found = walk.source.discovery.found
    walk.crs_host = urlsplit(uri).hostname or ""
    text = [f"{walk.crs_host}, one of {found.endpoints if found else 0} endpoints", uri]
    odd = [f"a record of CRS is not taken: {reason}" for reason in (found.refused if found else ())]
    if found and found.hosts:
        odd.append(f"listed at several hosts, the first is taken: {', '.join(found.hosts)}")
    if is_outside(uri, walk.server.cloud.crs_host_suffixes):
        odd.append("the host is outside the cloud's own domain; allowed_crs_hosts allows it")
    return Outcome((*text, *odd), StepState.WARNING if odd else StepState.OK)


def mdminfo(walk: Walk) -> Outcome:
    """Cisco's "ISE MDM API v3", mdminfo: what CRS says of itself."""
    try:
        info = walk.source.mdminfo()
    except SourceError as error:
        raise StepFailed.of(error, advice=_MOVING if error.code == MdmCode.CRS_MOVED else "") from None
    product = info.product_name if info.product_name.startswith(info.vendor) else f"{info.vendor} {info.product_name}"
    text = (
        f"{product} {info.product_version}, API version {info.api_version}, {info.query_max_size} devices a page",
        f"vendor {info.vendor or 'not given'}",
        f"remediation page {info.redirect_url or 'not given'}",
    )
    return Outcome(text)


def look_up(walk: Walk) -> Outcome:
    """One device, three times; connection, tokens and address are warm by now, as they are in mdmd."""
    key = walk.device.key
    if key is None:
        return skipped(walk.device.why)
    answers: list[ComplianceAnswer] = []
    times: list[float] = []
    for _ in range(_QUESTIONS):
        began = walk.clock()
        answers.append(walk.source.lookup(key))
        times.append(walk.clock() - began)
    median = statistics.median(times)
    seen = f"median {median * 1000:.0f} ms of {_QUESTIONS}"
    device = (f"{key.kind.value} {key.value}, {walk.device.why}: {_said(answers[-1])}", *_unmanaged(key, answers[-1]))
    if median > FELT:
        seen += ", above 300 ms, where users feel it; Cisco expects 200 ms"
    elif median > EXPECTED:
        seen += ", above the 200 ms that Cisco expects; above 300 ms users feel it"
    else:
        return Outcome((f"{seen}; Cisco expects 200 ms, above 300 ms users feel it", *device))
    return Outcome((seen, *device), StepState.WARNING, _SLOW)


def _said(answer: ComplianceAnswer) -> str:
    if answer.registration is Registration.UNREGISTERED:
        return "not registered"
    return f"{answer.registration.value}, {answer.compliance.value}"


def _unmanaged(key: EndpointKey, answer: ComplianceAnswer) -> list[str]:
    """Why a device that is enrolled can look as if it were not (intune.md section 8)."""
    if answer.registration is not Registration.UNREGISTERED:
        return []
    if key.kind is IdKind.MAC:
        return ["if it is enrolled: Intune may know it by another MAC, a dock's or a random one is never known"]
    return ["if it is enrolled: this may be its Entra id, the Intune device id is another one"]

"""What a network device's Error-Cause means, and what to do then (RFC 5176 section 3.5; ise.md section 6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Advice(StrEnum):
    """What a refusal asks of us."""

    DONE = "done"  # what we wanted has happened or is under way
    GONE = "gone"  # the session does not exist any more: close ours
    TEMPLATE = "template"  # our attributes are wrong for this device: no retry, an alarm
    DEVICE = "device"  # the device's configuration forbids it: an alarm, once per device
    FALL_BACK = "fall-back"  # the device can't do this: Disconnect, if the profile allows it
    RETRY = "retry"  # later, with growing pauses
    NARROWER = "narrower"  # several sessions match: send more identifiers


@dataclass(frozen=True, slots=True)
class Cause:
    """One Error-Cause: its RFC name and what to do."""

    name: str
    advice: Advice


CAUSES: Mapping[int, Cause] = {
    201: Cause("Residual Session Context Removed", Advice.DONE),
    202: Cause("Invalid EAP Packet (Ignored)", Advice.DONE),
    401: Cause("Unsupported Attribute", Advice.TEMPLATE),
    402: Cause("Missing Attribute", Advice.TEMPLATE),
    403: Cause("NAS Identification Mismatch", Advice.DEVICE),
    404: Cause("Invalid Request", Advice.TEMPLATE),
    405: Cause("Unsupported Service", Advice.FALL_BACK),
    406: Cause("Unsupported Extension", Advice.FALL_BACK),
    407: Cause("Invalid Attribute Value", Advice.TEMPLATE),
    501: Cause("Administratively Prohibited", Advice.DEVICE),
    502: Cause("Request Not Routable (Proxy)", Advice.DEVICE),
    503: Cause("Session Context Not Found", Advice.GONE),
    504: Cause("Session Context Not Removable", Advice.RETRY),
    505: Cause("Other Proxy Processing Error", Advice.RETRY),
    506: Cause("Resources Unavailable", Advice.RETRY),
    507: Cause("Request Initiated", Advice.DONE),  # the device asks for a new authorization by itself
    508: Cause("Multiple Session Selection Unsupported", Advice.NARROWER),
}


def advise(cause: int | None, *, disconnect: bool) -> Advice:
    """What to do after a NAK with this Error-Cause, None for a NAK without one.

    Without a cause (FreeRADIUS before 3.2.9, strongSwan) nothing is known but the refusal: another way is tried where
    there is one, and a refused Disconnect is tried again later. An unknown number counts by its class: 4xx is our
    packet, anything else the device.
    """
    if cause is not None and cause in CAUSES:
        advice = CAUSES[cause].advice
        # There is nothing behind a Disconnect to fall back to.
        return Advice.DEVICE if advice is Advice.FALL_BACK and disconnect else advice
    if cause is None:
        return Advice.RETRY if disconnect else Advice.FALL_BACK
    return Advice.TEMPLATE if 400 <= cause < 500 else Advice.RETRY


def name(cause: int | None) -> str:
    """`503 Session Context Not Found`, for log lines."""
    if cause is None:
        return "no Error-Cause"
    return f"{cause} {CAUSES[cause].name}" if cause in CAUSES else f"{cause} (unknown Error-Cause)"

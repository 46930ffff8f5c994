"""From the devices in an answer to one verdict about the device asked for (intune.md section 5, Answer check).

Nothing here ever makes a device compliant that was not asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..compliance import (
    UNREGISTERED_ANSWER,
    Compliance,
    ComplianceAnswer,
    EndpointKey,
    IdKind,
    Managed,
    Registration,
)
from .crs_answers import CrsDevice

_COMPLIANCE = {True: Compliance.COMPLIANT, False: Compliance.NONCOMPLIANT, None: Compliance.UNKNOWN}
_UNKNOWN_STATE = ComplianceAnswer(Registration.UNKNOWN, Compliance.UNKNOWN, Managed.UNKNOWN)


class WrongDevice(ValueError):
    """Devices came, and none of them is the one asked for. The text is one sentence for the operator."""


def judge(key: EndpointKey, devices: Sequence[CrsDevice]) -> ComplianceAnswer:
    """The verdict. An empty list is how an MDM server says "not enrolled". Raises WrongDevice."""
    if not devices:
        return UNREGISTERED_ANSWER
    fits = _fits_guid if key.kind is IdKind.INTUNE else _fits_mac
    matching = [device for device in devices if fits(device, key.value)]
    if not matching:
        seen = ", ".join(_name(device) for device in devices[:3])
        raise WrongDevice(f"asked for {key.kind.value} {key.value}, got {len(devices)} device(s): {seen}")
    answers = {_answer(device) for device in matching}
    macs = tuple(dict.fromkeys(mac for device in matching for mac in device.macs))[:5]
    verdict = answers.pop() if len(answers) == 1 else _contradiction(answers)
    return replace(verdict, macs=macs)


def _fits_guid(device: CrsDevice, asked: str) -> bool:
    # An entry without any id that says "not registered" is one of the forms of "unknown device": it can only deny.
    if not device.guids:
        return device.registered is False
    return all(guid == asked for guid in device.guids)


def _fits_mac(device: CrsDevice, asked: str) -> bool:
    return not device.macs or asked in device.macs


def _answer(device: CrsDevice) -> ComplianceAnswer:
    if device.registered is None:
        return _UNKNOWN_STATE
    if not device.registered:
        return UNREGISTERED_ANSWER
    return ComplianceAnswer(Registration.REGISTERED, _COMPLIANCE[device.compliant], Managed.TRUE)


def _contradiction(answers: set[ComplianceAnswer]) -> ComplianceAnswer:
    """Devices that share the identifier and disagree: the one that connects may be the worse one."""
    registered = any(answer.registration is Registration.REGISTERED for answer in answers)
    if not registered:
        return _UNKNOWN_STATE
    return ComplianceAnswer(Registration.REGISTERED, Compliance.NONCOMPLIANT, Managed.TRUE)


def _name(device: CrsDevice) -> str:
    return (device.guids or device.macs or ("no id",))[0][:64]

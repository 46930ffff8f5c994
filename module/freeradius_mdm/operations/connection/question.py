"""Which device a connection test asks about: the one named, else the newest one of the store."""

from __future__ import annotations

from dataclasses import dataclass

from ... import mac
from ...compliance import EndpointKey, IdKind
from ...config.model import Config
from ...errors import StoreError
from ...store.query import StoreQueries
from ..codes import OperationCode
from ..errors import OperationError


@dataclass(frozen=True, slots=True)
class Chosen:
    """`why`: where the device comes from, or why there is none."""

    key: EndpointKey | None
    why: str


def choose(config: Config, server: str, named: str) -> Chosen:
    """The device to ask about. `named`: a GUID or a MAC in any notation, "" for the newest record.

    Raises OperationError M1800 for a name that is neither.
    """
    return Chosen(key_of(server, named), "named on the command line") if named else _newest(config, server)


def key_of(server: str, text: str) -> EndpointKey:
    """From what a person writes. Raises OperationError M1800."""
    try:
        digits = mac.parse(text)
        kind = IdKind.INTUNE if digits is None else IdKind.MAC
        return EndpointKey(server, kind, digits or text.strip().strip("{}").lower())
    except ValueError:
        raise OperationError(
            OperationCode.WRONG_ARGUMENT,
            f"{text[:64]!r} names no device",
            where="--device",
            allowed="an Intune device id (a GUID), or a station's MAC",
            next="Intune admin center, Devices, the device, Hardware: Intune device ID",
        ) from None


def _newest(config: Config, server: str) -> Chosen:
    try:
        records = StoreQueries(config.service.store_file).records(server)
    except StoreError:
        return Chosen(None, "no store yet to take a device from: name one with --device")
    asked = [record for record in records if record.key.kind is not IdKind.ENTRA and record.answer is not None]
    if not asked:
        return Chosen(None, "the store has no device of this server: name one with --device")
    return Chosen(max(asked, key=lambda record: record.answered_at).key, "the newest of the store")

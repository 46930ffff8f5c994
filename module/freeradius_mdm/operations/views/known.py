"""Whether the names that an operator filters by exist: the error names those that do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ... import mac
from ...codes import Code
from ...config.model import Config
from ...identity.device_id import guid_of
from ...store.decision_log import DecisionLog
from ...store.overview import Overview
from ...store.query import DecisionFilter, StoreQueries
from ..codes import OperationCode
from ..errors import OperationError

_CODE = re.compile(r"M[0-9]{4}")


def check_server(name: str | None, config: Config) -> str | None:
    """The name of an MDM server of the configuration, or of a former one whose records are left."""
    names = [server.name for server in config.servers]
    if name is None or name in names:
        return name
    names += [each.server for each in Overview(config.service.store_file).servers() if each.server not in names]
    return _one_of("MDM server", name, names, config)


def check_rule(name: str | None, config: Config) -> str | None:
    """The name of a rule of the policy, or of a former one that has ever matched."""
    names = [rule.name for rule in config.policy.rules]
    if name is None or name in names:
        return name
    names += [each.name for each in StoreQueries(config.service.store_file).rules() if each.name not in names]
    return _one_of("rule", name, names, config)


def check_profile(name: str | None, config: Config) -> str | None:
    """The name of an authorization profile of the configuration, or of a former one that a stored decision has."""
    if name is None or name in config.profiles:
        return name
    if DecisionLog(config.service.store_file).has(DecisionFilter(profile=name)):
        return name
    return _one_of("authorization profile", name, config.profiles, config)


def check_mac(text: str | None) -> str | None:
    """12 upper-case hexadecimal digits, of any notation."""
    if text is None:
        return None
    digits = mac.parse(text)
    if digits is None:
        raise _wrong(f"{text!r} is not a MAC address", "the address of one station, for example 00-50-56-A1-B2-C3")
    return digits


def check_identity(text: str | None) -> str | None:
    """What an MDM server is asked about, as the store has it: a GUID in lower case, or 12 upper-case digits."""
    if text is None:
        return None
    found = guid_of(text.strip()) or mac.parse(text)
    if found is None:
        raise _wrong(
            f"{text!r} is not what an MDM server is asked about",
            "a device id of 8-4-4-4-12 hexadecimal digits, or a MAC address",
        )
    return found


def check_code(text: str | None) -> str | None:
    """A code of a decision."""
    if text is None:
        return None
    if text.upper() in tuple(Code):
        return text.upper()
    what = "unknown" if _CODE.fullmatch(text.upper()) else "not a code"
    raise _wrong(f"{text!r} is {what}", ", ".join(sorted(Code)))


def _one_of(what: str, name: str, names: Iterable[str], config: Config) -> str:
    names = list(names)
    if name in names:
        return name
    raise _wrong(f"no {what} is named {name!r}", ", ".join(names), where=str(config.file))


def _wrong(what: str, allowed: str, where: str = "") -> OperationError:
    return OperationError(OperationCode.WRONG_ARGUMENT, what, where=where, allowed=allowed)

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
from ..faulty import FaultyConfig

_CODE = re.compile(r"M[0-9]{0,4}")


def check_server(name: str | None, config: Config) -> str | None:
    """The name of an MDM server of the configuration, or of a former one whose records are left."""
    names = [server.name for server in config.servers]
    if name is None or name in names or isinstance(config, FaultyConfig):
        return name
    names += [each.server for each in Overview(config.service.store_file).servers() if each.server not in names]
    return _one_of("MDM server", name, names, config, "mdmctl servers lists them")


def check_rule(name: str | None, config: Config) -> str | None:
    """The name of a rule of the policy, or of a former one that has ever matched."""
    names = [rule.name for rule in config.policy.rules]
    if name is None or name in names or isinstance(config, FaultyConfig):
        return name
    names += [each.name for each in StoreQueries(config.service.store_file).rules() if each.name not in names]
    return _one_of("rule", name, names, config, "mdmctl rules lists them")


def check_profile(name: str | None, config: Config) -> str | None:
    """The name of an authorization profile of the configuration, or of a former one that a stored decision has."""
    if name is None or name in config.profiles or isinstance(config, FaultyConfig):
        return name
    if DecisionLog(config.service.store_file).has(DecisionFilter(profile=name)):
        return name
    return _one_of("authorization profile", name, config.profiles, config, "name one of these")


def check_profile_given(name: str, config: Config) -> str:
    """The name of an authorization profile that can be given now: of the configuration, and of no other."""
    if name in config.profiles or isinstance(config, FaultyConfig):
        return name
    return _one_of("authorization profile", name, config.profiles, config, "name one; one that rejects blocks a device")


def check_mac(text: str | None) -> str | None:
    """12 upper-case hexadecimal digits, of any notation."""
    if text is None:
        return None
    digits = mac.parse(text)
    if digits is None:
        allowed = "the address of one station, for example 00-50-56-A1-B2-C3"
        raise _wrong(f"{text!r} is not a MAC address", allowed, "write all 12 digits; --user takes a name")
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
            "mdmctl devices lists them; --user takes a name",
        )
    return found


def check_code(text: str | None) -> str | None:
    """A code of a decision, or the beginning of some, as `mdmctl codes` takes it."""
    if text is None:
        return None
    wanted = text.strip().upper()
    if _CODE.fullmatch(wanted) and any(code.startswith(wanted) for code in Code):
        return wanted
    what = "no code of a decision begins so" if _CODE.fullmatch(wanted) else "not a code"
    families = sorted({code[:3] for code in Code})
    raise _wrong(
        f"{text[:40]!r}: {what}",
        f"M and four digits, or the beginning of a code: {', '.join(families)}",
        "mdmctl codes lists them all; mdmctl codes M13 those that begin so",
    )


def _one_of(what: str, name: str, names: Iterable[str], config: Config, next_: str) -> str:
    names = list(names)
    if name in names:
        return name
    raise _wrong(f"no {what} is named {name!r}", ", ".join(names), next_, where=str(config.file))


def _wrong(what: str, allowed: str, next_: str, where: str = "") -> OperationError:
    return OperationError(OperationCode.WRONG_ARGUMENT, what, where=where, allowed=allowed, next=next_)

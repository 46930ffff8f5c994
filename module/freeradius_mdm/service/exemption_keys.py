"""Whether an exemption can ever count: its endpoint is identified by what it names, as `identity` does it."""

from __future__ import annotations

from .. import mac
from ..compliance import EndpointKey, IdKind
from ..config.model import Config, IdentitySource, IdentitySourceType
from .exemptions import NotExemptedError

_INSTEAD = "exempt the device by its device id: mdmctl devices and mdmctl sessions show it"


def check_identifies(key: EndpointKey, config: Config) -> None:
    """Return if some source of `config` can give that key. Raises NotExemptedError.

    A server that is not in the configuration is told of by Exemptions.make.
    """
    if all(server.name != key.server for server in config.servers):
        return
    sources = [source for source in config.identity if source.server == key.server and _gives(source, key.kind)]
    if not sources:
        kinds = [f"{source.server}/{kind}" for source in config.identity for kind in _kinds(source)]
        raise NotExemptedError(
            f"nothing is identified as {key.server}/{key.kind}: no [[identity]] source of mdm.toml gives that",
            allowed=", ".join(dict.fromkeys(kinds)),
            next_=_INSTEAD,
        )
    randomised = key.kind is IdKind.MAC and mac.is_randomised(key.value)
    if randomised and not any(source.allow_randomised for source in sources):
        raise NotExemptedError(
            f"{key.value} is randomised (locally administered), which identifies no device here",
            allowed="a device id, or a MAC that the maker gave (second digit 0, 4, 8 or C)",
            next_=f"{_INSTEAD}; for a machine that keeps such a MAC, set allow_randomised = true below"
            ' source = "mac" of [[identity]]',
        )


def _gives(source: IdentitySource, kind: IdKind) -> bool:
    return kind in _kinds(source)


def _kinds(source: IdentitySource) -> tuple[IdKind, ...]:
    """identity/identify.py takes a GUID for what the source's first pattern says."""
    if source.type is IdentitySourceType.MAC:
        return (IdKind.MAC,)
    return tuple(pattern.kind for pattern in source.patterns[:1])

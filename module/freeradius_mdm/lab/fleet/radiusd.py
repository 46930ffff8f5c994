"""radiusd as the fleet needs it: the calls of policy.d/mdm in their order, on the real Enforcement."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ... import reply
from ...enforcement import DECISION_ID, WAITED, Enforcement
from ...reply import List
from ...request import Pairs, Request
from .network import Address, Network
from .tenant import Tenant
from .virtual_loop import VirtualLoop

_KEYS = (("MS-MPPE-Recv-Key", "0x01"), ("MS-MPPE-Send-Key", "0x02"), ("EAP-Message", "0x03070004"))
_EAP = (("EAP-Message", "0x0201"), ("EAP-Type", "TLS"), ("TLS-Client-Cert-Serial", "1f"))
_URI = "TLS-Client-Cert-Subject-Alt-Name-Uri"
_PRINTED = "TLS-Client-Cert-X509v3-Subject-Alternative-Name"
_HANDSHAKE = 0.15  # seconds of EAP-TLS before there is a certificate


@dataclass(frozen=True, slots=True)
class Access:
    """What a network device was told. `fresh`: nobody had to be asked for it. Pairs are (name, value) texts."""

    accepted: bool
    pairs: Pairs
    fresh: bool

    def value(self, name: str) -> str:
        """The first value of an attribute, tags left out; empty text when there is none."""
        return next((value for other, value in self.pairs if other.partition(":")[0] == name), "")


class RadiusdGone(Exception):
    """The server died: no reply."""


class Radiusd:
    """One FreeRADIUS beside one mdmd. `errors`: what it logged as errors."""

    def __init__(
        self,
        file: Path,
        mdmd: Address,
        loop: VirtualLoop,
        network: Network,
        tenant: Tenant,
        wall: Callable[[], float],
    ) -> None:
        self._loop = loop
        self._network = network
        self._tenant = tenant
        self._mdmd = mdmd
        self.errors: list[str] = []
        self.dead = False
        self.unanswered = 0  # questions to mdmd that got no answer
        self._enforcement = Enforcement(
            file, has_uri_attribute=True, info=lambda _: None, error=self.errors.append, clock=wall
        )

    async def authenticate(self, access: Pairs, device: str) -> Access:
        """EAP-TLS with a device's Intune certificate. `access`: what the network device says in its Access-Request.

        Raises RadiusdGone.
        """
        self._check()
        self._tenant.waited_for[device] += 1
        try:
            return await self._authenticate(access, device)
        finally:
            self._tenant.waited_for[device] -= 1

    async def _authenticate(self, access: Pairs, device: str) -> Access:
        started = (*access, ("EAP-Message", "0x0201"))
        ahead = self._enforcement.prefetch(_request(started))
        asked = _value(_encoded(ahead, List.CONTROL), "MDM-Wait-Value")
        if asked:
            self._loop.create_task(self._ask(_encoded(ahead, List.CONTROL)))
        await asyncio.sleep(_HANDSHAKE)
        self._check()
        uri = f"ID:Microsoft Endpoint Manager:GUID:{device}"
        whole = (*access, *_EAP, (_PRINTED, f"URI:{uri}"), (_URI, uri))
        result = self._enforcement.decide(_request(whole))
        control = _encoded(result, List.CONTROL)
        pending = bool(_value(control, "MDM-Wait-Value"))
        if pending:
            await self._ask(control)
            self._check()
            result = self._enforcement.decide(_request(whole, control=[*control, (WAITED, "yes")]))
        told = _encoded(result, List.REPLY)
        if result.accept:
            told = [*told, *_KEYS]
            result = self._enforcement.confirm_accept(_request(whole, reply=told))
            if not result.accept:
                told = _encoded(result, List.REPLY)
        if not result.accept:
            handle = [(name, value) for name, value in told if name == DECISION_ID]
            self._enforcement.confirm_reject(_request(whole, reply=handle))
        return Access(result.accept, told, not pending and not asked)

    def _check(self) -> None:
        if self.dead:
            raise RadiusdGone

    def account(self, pairs: Pairs) -> bool:
        """An Accounting-Request; False when it is not acknowledged."""
        return not self.dead and self._enforcement.account(_request(pairs))

    def close(self) -> None:
        """Its end."""
        self._enforcement.close()

    async def _ask(self, control: Pairs) -> None:
        """rlm_rest."""
        names = ("MDM-Wait-Server", "MDM-Wait-Kind", "MDM-Wait-Value")
        path = "/".join(quote(_value(control, name), safe="") for name in names)
        try:
            wait = _value(control, "MDM-Wait-Time")
            status, _ = await self._network.get(self._mdmd, f"/v1/endpoints/{path}?wait={wait}")
            self.unanswered += status != 204
        except ConnectionError:
            self.unanswered += 1


def _request(pairs: Pairs, *, reply: Pairs = (), control: Pairs = ()) -> Request:
    return Request.from_hook({"request": pairs, "reply": reply or None, "config": control or None})


def _encoded(result: object, which: List) -> list[tuple[str, str]]:
    """What FreeRADIUS has in a list after a hook's result was written into an empty one."""
    written: Sequence[tuple[str, str, str]] = reply.encode(result.lists).get(which.value, ())  # type: ignore[attr-defined]
    return [(name, value) for name, operator, value in written if operator != "!*"]


def _value(pairs: Pairs, name: str) -> str:
    return next((value for other, value in pairs if other == name), "")

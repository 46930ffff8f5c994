"""Getting a CoA-Request or Disconnect-Request to a network device and its answer back.

A request has its octets, identifier and source port from the start to the end: a retransmission repeats it (RFC 5176
section 2.3), and what a crash leaves in doubt is sent again the same, so that a device that has carried it out already
answers from its cache instead of doing it twice.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from .attributes import Attribute, PacketError
from .channel import Channel, Exchange, open_channel
from .clock import Clock, SystemClock
from .error_cause import name as cause_name
from .pacing import Pace, Pacer
from .packet import Answer, Code, build, is_signed_with
from .retransmission import Retransmission, RetransmissionPolicy

_MOST_CHANNELS = 512
_IDLE = 60.0  # seconds after which a socket is closed


class Outcome(StrEnum):
    """What became of a request."""

    ACK = "ack"
    NAK = "nak"
    TIMEOUT = "timeout"  # no answer that could be believed
    UNREACHABLE = "unreachable"  # the kernel or an ICMP message says that nothing got there
    NOT_SENT = "not-sent"


@dataclass(frozen=True, slots=True)
class Result:
    """`detail`: a sentence for the operator. `sent`: how often. `discarded`: why answers were not believed.

    `in_doubt`: the device may have carried it out without our knowing.
    """

    outcome: Outcome
    detail: str
    error_cause: int | None = None
    sent: int = 0
    discarded: tuple[str, ...] = ()
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """What to tell whom. `source`: our address that the device trusts, "" for the kernel's choice."""

    device: str  # IP address
    port: int
    code: Code
    attributes: Sequence[Attribute]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it goes out, to be stored before it does. It holds no secret. `created`: Unix time."""

    device: str
    port: int
    source: str
    source_port: int
    created: float
    octets: bytes = field(repr=False)

    @property
    def identifier(self) -> int:
        """RADIUS Identifier."""
        return self.octets[1]


async def _forget(_: Prepared) -> None:
    """Store nothing."""


class Sender:
    """Belongs to one event loop.

    `remember`: seconds for which a device can know a request again. RFC 5176 section 6.3 has 300 for one that checks
    Event-Timestamp; one that doesn't may forget after 5 (RFC 5080 section 2.2.2).
    """

    def __init__(
        self,
        *,
        policy: RetransmissionPolicy | None = None,
        pace: Pace | None = None,
        clock: Clock | None = None,
        jitter: Callable[[], float] = lambda: random.uniform(-0.1, 0.1),  # noqa: S311 RFC 5080 asks for no more
        remember: float = 300.0,
    ) -> None:
        self._policy = policy or RetransmissionPolicy()
        self._clock = clock or SystemClock()
        self._pacer = Pacer(self._clock, pace or Pace())
        self._jitter = jitter
        self._remember = remember
        self._channels: dict[tuple[str, str, int], list[Channel]] = {}

    async def send(
        self, order: Order, secret: bytes, remember: Callable[[Prepared], Awaitable[None]] = _forget
    ) -> Result:
        """Wait for the device's turn, build the request, have it stored by `remember`, send it, wait for the answer.

        Whatever `remember` raises goes through to the caller, and nothing is sent then.
        """
        async with self._pacer.turn(order.device):
            try:
                channel, identifier = await self._channel(order)
            except (OSError, ValueError) as error:
                return Result(Outcome.NOT_SENT, f"no socket from {order.source or 'any address'}: {error}")
            try:
                created = self._clock.wall()
                octets = build(order.code, identifier, order.attributes, secret, int(created))
                prepared = Prepared(order.device, order.port, *channel.local, created, octets)
                await remember(prepared)
                return await self._exchange(channel, prepared, secret)
            except PacketError as error:
                return Result(Outcome.NOT_SENT, str(error))
            finally:
                channel.end(identifier, self._clock.monotonic())

    async def resume(self, prepared: Prepared, secret: bytes) -> Result:
        """Send a stored request again, same octets, from the same address and port.

        NOT_SENT and still in doubt when that is not possible any more: then accounting has to settle it.
        """
        age = self._clock.wall() - prepared.created
        if not -1 <= age < self._remember:
            return _unsettled(f"it is {age:.0f} s old, the device may not know it again")
        if not is_signed_with(prepared.octets, secret):
            return _unsettled("the shared secret has changed since")
        async with self._pacer.turn(prepared.device):
            try:
                channel = await self._channel_of(prepared)
            except (OSError, ValueError) as error:
                return _unsettled(f"no socket on {prepared.source} port {prepared.source_port}: {error}")
            try:
                return await self._exchange(channel, prepared, secret, resumed=True)
            finally:
                self._close_idle()

    def waiting(self, device: str) -> int:
        """How many requests for this device are in flight or stand in line."""
        return self._pacer.waiting(device)

    def close(self) -> None:
        """Close every socket; cancel what is in flight before."""
        for channels in self._channels.values():
            for channel in channels:
                channel.close()
        self._channels.clear()

    async def _exchange(self, channel: Channel, prepared: Prepared, secret: bytes, *, resumed: bool = False) -> Result:
        exchange = Exchange(prepared.octets, secret)
        if not channel.begin(prepared.identifier, exchange):
            return _unsettled("it is in flight already")
        timers = Retransmission(self._policy, self._jitter)
        started = self._clock.monotonic()
        try:
            while True:
                channel.send(prepared.octets)
                wait = timers.after_sending(self._clock.monotonic() - started)
                await self._clock.wait(exchange.done, wait)
                if exchange.done.done():
                    return _result(exchange.done.result(), exchange, timers.sent, resumed=resumed)
                if not timers.again(elapsed := self._clock.monotonic() - started):
                    return _timeout(exchange, timers.sent, elapsed)
        finally:
            channel.end(prepared.identifier, self._clock.monotonic())

    async def _channel(self, order: Order) -> tuple[Channel, int]:
        """A channel with a free identifier: one that is open, or a new one on another port."""
        now = self._clock.monotonic()
        key = (order.source, str(ipaddress.ip_address(order.device)), order.port)
        for channel in self._channels.get(key, ()):
            if not channel.for_resuming and (identifier := channel.allocate(now)) is not None:
                return channel, identifier
        self._close_idle()
        channel = await open_channel(order.source, 0, key[1:], lambda local: Channel(local, self._remember))
        identifier = channel.allocate(now)
        assert identifier is not None  # none is used yet
        self._channels.setdefault(key, []).append(channel)
        return channel, identifier

    async def _channel_of(self, prepared: Prepared) -> Channel:
        """The channel that a request went out on, or one on the same port for this purpose only."""
        device = (str(ipaddress.ip_address(prepared.device)), prepared.port)
        local = (prepared.source, prepared.source_port)
        for (_, *to), channels in self._channels.items():
            for channel in channels:
                if tuple(to) == device and channel.local == local:
                    return channel
        channel = await open_channel(*local, device, lambda local: Channel(local, self._remember, for_resuming=True))
        self._channels.setdefault((prepared.source, *device), []).append(channel)
        return channel

    def _close_idle(self) -> None:
        """Close sockets nobody needs; a later request gets another port, on which all identifiers are new."""
        now = self._clock.monotonic()
        idle = [
            (channel.idle_since, key, channel)
            for key, channels in self._channels.items()
            for channel in channels
            if not channel.busy
        ]
        spare = sum(map(len, self._channels.values())) - _MOST_CHANNELS
        for number, (since, key, channel) in enumerate(sorted(idle, key=lambda item: item[0])):
            if channel.for_resuming or now - since > _IDLE or number < spare:
                channel.close()
                self._channels[key].remove(channel)
                if not self._channels[key]:
                    del self._channels[key]


def _result(answer: Answer | OSError, exchange: Exchange, sent: int, *, resumed: bool) -> Result:
    discarded = tuple(exchange.discarded)
    if isinstance(answer, OSError):
        doubt = resumed or sent > 1
        return Result(Outcome.UNREACHABLE, str(answer), sent=sent, discarded=discarded, in_doubt=doubt)
    outcome = Outcome.ACK if answer.acknowledged else Outcome.NAK
    has_detail = outcome is Outcome.NAK or answer.error_cause is not None
    detail = cause_name(answer.error_cause) if has_detail else "acknowledged"
    return Result(outcome, detail, answer.error_cause, sent, discarded)


def _timeout(exchange: Exchange, sent: int, seconds: float) -> Result:
    times = "once" if sent == 1 else f"{sent} times"
    detail = f"no answer in {seconds:.0f} s, sent {times}"
    if exchange.discarded:
        detail += f"; discarded: {', '.join(dict.fromkeys(exchange.discarded))}"
    return Result(Outcome.TIMEOUT, detail, sent=sent, discarded=tuple(exchange.discarded), in_doubt=True)


def _unsettled(detail: str) -> Result:
    return Result(Outcome.NOT_SENT, detail, in_doubt=True)

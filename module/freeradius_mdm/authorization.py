"""The reply attributes of an authorization profile for one request.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .config.model import Config
from .network_device import NetworkDevice
from .profiles import redirect
from .profiles.model import ENROLMENT, AuthorizationProfile, Timer
from .profiles.render import ProfileError, Situation, render
from .reply import List, Operator, Pair, encode
from .reply_size import room_for
from .request import Request

CLASS_PREFIX = b"mdm:"  # no group policy begins so


@dataclass(frozen=True, slots=True)
class Authorization:
    """What the attributes are made from. `left`: seconds until the compliance record is due."""

    config: Config
    device: NetworkDevice
    left: int
    decision_id: str
    mac: str
    enrolment_address: Callable[[], str]


def attributes(profile: AuthorizationProfile, request: Request, given: Authorization) -> tuple[Pair, ...]:
    """The attributes of an Accept, checked and measured.

    Raises ProfileError when this network device can't be told what the profile asks for, ReplyError when the
    encoder can't vouch for the result or it does not fit into one packet.
    """
    family = given.device.family
    results = profile.results.get(family.name) if family else None
    left = _jittered(given)
    if family is None or results is None:
        name = family.name if family else "unknown"
        raise ProfileError(f"it serves {', '.join(profile.results)}, not {name}")
    try:
        address = given.enrolment_address() if results.redirect_url == ENROLMENT else ""
        url = redirect.address(results.redirect_url, request, given.mac, address) if results.redirect_url else ""
    except ValueError as error:
        raise ProfileError(str(error)) from error
    situation = Situation(
        kind=request.nas_kind,
        timer=_seconds(results.reauthentication, left),
        vpn_timer=_seconds(results.vpn_session_timeout, left),
        dacls=given.config.dacls,
        redirect_url=url,
    )
    pairs = render(results, family, situation)
    if profile.reply_message and not request.is_eap:
        pairs += (Pair("Reply-Message", profile.reply_message),)
    pairs = (class_of(given.decision_id), *pairs)
    encode({List.REPLY: pairs}, room=room_for(request))
    return pairs


def class_of(decision_id: str) -> Pair:
    """The network device repeats it in accounting, which ties the session to the decision (ise.md section 5.8)."""
    return Pair("Class", "0x" + (CLASS_PREFIX + decision_id.encode()).hex(), Operator.ADD)


def _jittered(given: Authorization) -> int:
    """Shorter by a random part, so that devices that came together do not all come back together.

    The decision's id is the random number, so that explaining a decision gives the timer that was sent.
    """
    part = int(given.decision_id[:8], 16) / 0x1_0000_0000 * given.config.service.timer_jitter_percent / 100
    return max(1, int(given.left * (1 - part)))


def _seconds(timer: Timer | float, left: int) -> int | None:
    """A profile's own duration never outlasts the compliance record."""
    if timer is Timer.NONE:
        return None
    return left if timer is Timer.COMPLIANCE else min(int(timer), left)

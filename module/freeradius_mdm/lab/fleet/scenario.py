"""The days that a fleet is put through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class KillAt(StrEnum):
    """The moment at which mdmd is killed, once its time has come."""

    TOLD = "told"  # Intune has just said something new, and nothing has come of it yet
    SENT = "sent"  # a CoA-Request has been carried out, and its answer is on its way
    STORED = "stored"  # a CoA-Request goes out
    ANYHOW = "anyhow"


@dataclass(frozen=True, slots=True)
class Kill:
    """`at`: from that part of the day on (0 to 1), when the moment comes. `away`: seconds until it is started again."""

    at: float
    moment: KillAt
    away: float = 5.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """`outage`: from that part of the day on Intune answers nothing for OUTAGE seconds. `loss`: the share of datagrams that get lost.

    `forgetful` and `forgotten_orders` are defects: a network device that acts on retransmissions, and a store that
    loses what is to be done when mdmd is killed.
    """

    name: str
    title: str
    list_broken: bool = False
    kills: tuple[Kill, ...] = ()
    outage: float | None = None
    loss: float = 0.02
    forgetful: bool = False
    forgotten_orders: bool = False


SCENARIOS = {
    each.name: each
    for each in (
        Scenario("steady", "an ordinary working day"),
        Scenario("list-503", "Intune's bulk list answers 503 all day", list_broken=True),
        Scenario(
            "killed",
            "mdmd is killed and started again, at its worst moments",
            kills=(
                Kill(0.3, KillAt.SENT),
                Kill(0.4, KillAt.TOLD),
                Kill(0.5, KillAt.ANYHOW, away=60.0),
                Kill(0.6, KillAt.STORED),
                Kill(0.7, KillAt.SENT),
            ),
        ),
        Scenario("outage", "Intune does not answer for 20 minutes", outage=0.5),
    )
}
OUTAGE = 1200.0  # seconds

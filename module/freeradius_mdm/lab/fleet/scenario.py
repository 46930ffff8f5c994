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
    """`at`: from that part of the day on (0 to 1), when the moment comes. `away`: seconds until it is started again.

    `node`: which one. `back_at`: then it is the whole host that dies, radiusd too, and is back at that part of the day.
    """

    at: float
    moment: KillAt
    away: float = 5.0
    node: int = 0
    back_at: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """`outage`: from that part of the day on Intune answers nothing, for a third of an interval. `loss`: the share of
    datagrams that get lost. `nodes`: each a host with radiusd and mdmd, and the network devices shared out among them;
    `balanced`: the share of these that ask now one and now the other. `forgetful` and `forgotten_orders` are defects: a
    network device that acts on retransmissions, and a store that loses what is to be done when mdmd is killed.
    """

    name: str
    title: str
    list_broken: bool = False
    kills: tuple[Kill, ...] = ()
    outage: float | None = None
    loss: float = 0.02
    nodes: int = 1
    balanced: float = 0.0
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
        Scenario(
            "two-nodes",
            "two nodes, of which one dies and comes back hours later",
            nodes=2,
            balanced=0.2,
            kills=(Kill(0.4, KillAt.SENT, back_at=0.75),),
        ),
        Scenario("outage", "Intune does not answer for 20 minutes", outage=0.5),
    )
}

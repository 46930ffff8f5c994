"""The cluster's times, in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """The defaults are the ones of the service; tests give shorter ones."""

    gone_after: float = 15.0  # without a heartbeat: a node's sessions go to the others
    beat: float = 1.0  # between heartbeats
    deadline: float = 0.04  # for a reply that somebody waits for; with the rest of a call it stays below 50 ms
    check: float = 0.25  # for the heartbeat that settles whether Redis is there
    connect: float = 1.0
    first_pause: float = 0.1  # before connecting again
    longest_pause: float = 5.0
    block: float = 1.0  # that Redis may keep a reader of notices waiting
    sentinel: float = 5.0  # between looks whether Sentinel still names the same primary
    farewell: float = 0.2  # for sending what is unsent at the end
    notices_kept: int = 50_000  # about 10 MB in Redis; a node that missed more reads everything anew
    most_unsent: int = 100_000  # answers, sessions and notices kept while cut off

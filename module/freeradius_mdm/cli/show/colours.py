"""What a colour means, in one place: green is let in, red is kept out, yellow wants to be looked at."""

from __future__ import annotations

GOOD = "green"
BAD = "bold red"
WARNING = "yellow"
DIM = "dim"
HEAD = "bold"

"""Who an operator's command says to be. Who really runs it is the kernel's word, which mdmd keeps beside that."""

from __future__ import annotations

import os


def author_of(named: str) -> str:
    """What was named, else the user who called sudo, else nobody."""
    return named or (os.environ.get("SUDO_USER", "") if os.geteuid() == 0 else "")

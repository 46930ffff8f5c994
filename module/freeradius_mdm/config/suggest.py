"""The name that a misspelt one was probably meant to be. Standard library only: radiusd imports this."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SIMILAR = 0.7  # from 0 to 1; a wrong suggestion is worse than none
_SHORTEST_BEGINNING = 3  # characters; less begins too many names


def meant(word: object, known: Iterable[str]) -> str:
    """`did you mean NAME?`, or "" when nothing is close. Upper and lower case are not told apart.

    Names that begin with the word are all told, else the closest one.
    """
    text = str(word).lower()
    names = {name.lower(): name for name in known}
    begun = [name for name in names if name.startswith(text)] if len(text) >= _SHORTEST_BEGINNING else []
    close = begun or difflib.get_close_matches(text, names, 1, _SIMILAR)
    return f"did you mean {' or '.join(names[name] for name in close)}?" if close else ""

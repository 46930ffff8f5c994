"""Why Redis can't be used, in the operator's words, and what to do about it."""

from __future__ import annotations

import ssl

from redis.exceptions import AuthenticationError, NoPermissionError, OutOfMemoryError, ReadOnlyError, RedisError

from .door import NoPrimaryError


class SlowError(Exception):
    """Redis answers, and too slowly for anybody to wait for it."""


class NameTakenError(Exception):
    """A younger mdmd has this node's name."""


_LOOK = "is Redis running, and is [cluster] redis right?"


def explain(error: BaseException) -> tuple[str, str]:
    """Reason and next step, each one line."""
    text = " ".join(str(error).split()).partition(" script: ")[0][:300]
    cause = error.__cause__ or error.__context__
    if isinstance(error, NameTakenError):
        return text, "give each mdmd a [cluster] node of its own, then restart this one"
    if isinstance(error, SlowError):
        return text, "look at Redis's load, its memory (swapping?) and the way to it"
    if isinstance(error, NoPrimaryError):
        return text, "look at the Sentinels, and at the name in [cluster] redis"
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return "no answer in time", _LOOK
    if isinstance(error, AuthenticationError) or text.startswith(("NOAUTH", "WRONGPASS")):
        return text, "look at [cluster] password_file and user"
    if isinstance(error, NoPermissionError) or text.startswith("NOPERM"):
        return text, "give the user all commands on PREFIX:* in Redis's ACL, see the README"
    if isinstance(error, OutOfMemoryError) or text.startswith("OOM"):
        return text, "raise maxmemory of Redis"
    if isinstance(error, ReadOnlyError) or text.startswith(("READONLY", "UNBLOCKED")):
        return text, "that is a replica: name the primary in [cluster] redis, or the Sentinels"
    if text.startswith("MISCONF"):
        return text, "Redis can't write to its disk: see its log"
    if isinstance(error, ssl.SSLError) or isinstance(cause, ssl.SSLError):
        return text, "look at [cluster] ca_file and certificate_file, and at the names in Redis's certificate"
    if isinstance(error, OSError) and not isinstance(error, ConnectionError) and error.filename:
        return text, "is that file there and readable for mdmd?"
    if isinstance(error, RedisError | OSError):
        return text or type(error).__name__, _LOOK
    return f"{type(error).__name__}: {text}", "report this line"

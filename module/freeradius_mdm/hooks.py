"""What rlm_python3 calls: the only file that knows radiusd's calling convention.

Every result leaves through `_give`, because rlm_python3 skips what it does not like, and a negative or unknown
code kills the server or lets the device in (freeradius.md sections 2.3 to 2.5). No hook waits: no network, no lock.
Standard library only.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import radiusd

from . import confirm, reply, reply_types
from .codes import MEANINGS, Code
from .dictionaries import load
from .enforcement import Enforcement
from .errors import ConfigError, ReplyError, ReplyTooLong
from .identity.certificate import URI_ATTRIBUTE
from .request import Request
from .result import Result

# rlm_python3's own numbers; exact ints, since an IntEnum is refused
_REJECT, _OK, _HANDLED, _INVALID, _UPDATED = 0, 2, 3, 4, 8
Lists = Mapping[str, Any]
Given = tuple[int, dict[str, tuple[tuple[str, str, str], ...]]]


def _info(text: str) -> None:
    radiusd.radlog(radiusd.L_INFO, text.replace("\0", "?"))


def _error(text: str) -> None:
    radiusd.radlog(radiusd.L_ERR, text.replace("\0", "?"))


def _start() -> Enforcement:
    """Read everything at import: that alone stops every release, and `radiusd -C`, when something is wrong."""
    settings: Mapping[str, str] = radiusd.config
    try:
        dictionary = load(Path(settings["dictionary"]), Path(settings["local_dictionary"]))
    except OSError as error:
        _error(f"mdm: {error.filename} can't be read: {error.strerror}; see config in mods-available/mdm_policy")
        raise ImportError("a dictionary can't be read, see the line above") from None
    missing = sorted(set(reply.names()) - dictionary.attributes.keys())
    if missing:
        _error(f"mdm: {settings['local_dictionary']} lacks {', '.join(missing)}: add the line $INCLUDE dictionary.mdm")
        raise ImportError("attributes are missing from the dictionary, see the lines above")
    changed = reply_types.disagreements(dictionary)
    for what in changed:
        _error(f"mdm: {what}: undo what {settings['local_dictionary']} or a file it includes says of it")
    if changed:
        raise ImportError("attributes are changed in the dictionary, see the lines above")
    try:
        return Enforcement(
            Path(settings["file"]),
            has_uri_attribute=URI_ATTRIBUTE in dictionary.attributes,
            info=_info,
            error=_error,
            dictionary=dictionary,
        )
    except ConfigError as error:
        for line in str(error).splitlines():
            _error(f"mdm: {line}")
        raise ImportError(f"{settings['file']} can't be used, see the lines above") from None


_enforcement = _start()


def instantiate(_: Lists) -> int:
    """Everything was checked at import."""
    return 0


def detach(_: object = None) -> int:
    """Close the store: rlm_python3 ends Python without holding its lock, and an open SQLite connection aborts then."""
    _enforcement.close()
    return 0


def authorize(lists: Lists) -> Given:
    """Decide, or ask unlang to wait and to call again; control `MDM-Place` tells a download of an ACL from that."""

    def run(request: Request) -> Result:
        match request.control_value("MDM-Place"):
            case "prefetch":
                return _enforcement.prefetch(request)
            case "download":
                return _enforcement.download(request)
            case "download-unsigned":
                return _enforcement.drop_download(request)
        return _enforcement.decide(request)

    return _give(lists, run)


def post_auth(lists: Lists) -> Given:
    """Confirm and journal what goes out; control `MDM-Place` tells a reject from an accept."""

    def run(request: Request) -> Result:
        match request.control_value("MDM-Place"):
            case "reject":
                return _enforcement.confirm_reject(request)
            case "download":
                return _enforcement.confirm_download(request)
            case "download-reject":
                return _enforcement.refuse_download(request)
        return _enforcement.confirm_accept(request)

    return _give(lists, run)


def accounting(lists: Lists) -> Given:
    """Journal an Accounting-Request. INVALID leaves it unanswered, so that the network device sends it again.

    FAIL would be answered after all where a site forwards accounting. It also is what rlm_python3 gives by itself when
    it does not call us, for an attribute that is not UTF-8; policy.d/mdm has such a request answered, and so is one
    that runs into a defect: a device that is never answered takes the whole server for dead.
    """
    try:
        return (_OK if _enforcement.account(Request.from_hook(lists)) else _INVALID), {}
    except Exception as error:
        _tell_defect(error)
        return _OK, {}


def _give(lists: Lists, run: Callable[[Request], Result]) -> Given:
    request = Request(())
    try:
        request = Request.from_hook(lists)
        result = run(request)
        return _code(result), reply.encode(result.lists)
    except ReplyError as error:
        code = Code.REPLY_TOO_LONG if isinstance(error, ReplyTooLong) else Code.REPLY_REFUSED
        _error(f"{code} {error}: {MEANINGS[code].advice}")
    except Exception as error:
        _tell_defect(error)
    return _REJECT, reply.encode({reply.List.REPLY: confirm.eap_failure(request.reply, ())})


def _tell_defect(error: Exception) -> None:
    """The exception's text could hold a value of the request, so only its type and place are told."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    _error(f"{Code.DEFECT} {type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {where.line}")


def _code(result: Result) -> int:
    """HANDLED ends the section with a complete reply; anywhere else it would let a device in (section 2.5)."""
    if not result.accept:
        return _REJECT
    return _HANDLED if result.handled else _UPDATED

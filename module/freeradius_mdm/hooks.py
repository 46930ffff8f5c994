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

from . import confirm, reply
from .codes import MEANINGS, Code
from .dictionaries import attribute_names
from .enforcement import Enforcement, Result
from .errors import ConfigError, ReplyError
from .identity.certificate import URI_ATTRIBUTE
from .request import Request

_REJECT, _UPDATED = 0, 8  # rlm_python3's own numbers; exact ints, since an IntEnum is refused
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
        names = attribute_names(Path(settings["dictionary"]), Path(settings["local_dictionary"]))
    except OSError as error:
        _error(f"mdm: {error.filename} can't be read: {error.strerror}; see config in mods-available/mdm_policy")
        raise ImportError("a dictionary can't be read, see the line above") from None
    missing = sorted(set(reply.names()) - names)
    if missing:
        _error(f"mdm: {settings['local_dictionary']} lacks {', '.join(missing)}: add the line $INCLUDE dictionary.mdm")
        raise ImportError("attributes are missing from the dictionary, see the lines above")
    try:
        return Enforcement(Path(settings["file"]), has_uri_attribute=URI_ATTRIBUTE in names, info=_info, error=_error)
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
    """Decide, or ask unlang to wait and to call again."""
    return _give(lists, _enforcement.decide)


def post_auth(lists: Lists) -> Given:
    """Confirm and journal what goes out; control `MDM-Place` tells a reject from an accept."""

    def run(request: Request) -> Result:
        if request.control_value("MDM-Place") == "reject":
            return _enforcement.confirm_reject(request)
        return _enforcement.confirm_accept(request)

    return _give(lists, run)


def _give(lists: Lists, run: Callable[[Request], Result]) -> Given:
    request = Request(())
    try:
        request = Request.from_hook(lists)
        result = run(request)
        return (_UPDATED if result.accept else _REJECT), reply.encode(result.lists)
    except ReplyError as error:
        _error(f"{Code.REPLY_REFUSED} {error}: {MEANINGS[Code.REPLY_REFUSED].advice}")
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        # The exception's text could hold a value of the request, so only its type and place are told.
        _error(f"{Code.DEFECT} {type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {where.line}")
    return _REJECT, reply.encode({reply.List.REPLY: confirm.eap_failure(request.reply, ())})

"""Downloads in radiusd: answers each packet, confirms what goes out at the end, journals one event for each download.

Only the last packet and refusals are journaled. What was built waits under a random id in the reply list until
post-auth has seen it go out, as decisions do (pending.py). Standard library only: radiusd imports this.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..codes import MEANINGS, Code
from ..config.model import Config
from ..decision import Decision
from ..errors import MdmError, StoreError
from ..journal import JournalWriter
from ..log_line import quote
from ..reply import List, Operator, Pair
from ..reply_size import LARGEST_PACKET
from ..request import Request
from ..result import Result
from ..store.read import StoreReader
from .device import takes
from .handed import AV_PAIR, names_handed
from .key import KeyFile
from .record import Download, Outcome, download_line
from .serve import Limits, Packet, Refused, serve
from .versions import Shelf

Log = Callable[[str], None]
HANDLE = "MDM-Decision-Id"
CLIENT = "MDM-Client-Address"  # policy.d/mdm puts the address there that the request came from
_MOST_PENDING = 5000
_MOST_UNSIGNED = 1000
_UNSIGNED_PAUSE = 60.0  # seconds; anybody can send unsigned requests in a device's name, and must not fill the journal


@dataclass(slots=True)
class _Entry:
    download: Download
    values: tuple[str, ...] = ()


class DownloadDesk:
    """One for the life of a state directory. Calls are serialised by rlm_python3."""

    def __init__(
        self, reader: StoreReader, journal: JournalWriter, clock: Callable[[], float], info: Log, error: Log
    ) -> None:
        self._shelf = Shelf(reader)
        self._journal = journal
        self._clock = clock
        self._info, self._error = info, error
        self._key: KeyFile | None = None
        self._pending: OrderedDict[str, _Entry] = OrderedDict()
        self._unsigned: OrderedDict[str, float] = OrderedDict()

    def take_over(self, config: Config) -> None:
        """To be called with the configuration in force ahead of everything else; cheap."""
        self._shelf.take_over(config.dacls)
        if self._key is None or self._key.path != config.service.dacl_key:
            self._key = KeyFile(config.service.dacl_key)

    def hand(self, decision: Decision) -> None:
        """Remember the ACLs that an Access-Accept has named to its network device."""
        for name in names_handed(decision):
            self._shelf.hand(decision.client, name, decision.at)

    def answer(self, request: Request, config: Config) -> Result:
        """Serve one packet, or refuse."""
        now = self._clock()
        download = self._describe(request, now)
        limits = Limits(config.service.download_packet_size, config.service.keep_old_dacls)
        if not download.client:
            served: Packet | Refused = Refused(
                Code.DEFECT, f"{CLIENT} is missing: policy.d/mdm is not the one of this version"
            )
        else:
            served = serve(request, download.client, self._shelf, takes(request, config), self._read_key, limits, now)
        if isinstance(served, Refused):
            return self._refuse(download, served.code, served.text, served.message)
        values = tuple(Pair(AV_PAIR, value, Operator.ADD) for value in served.page.values)
        if served.state is not None:
            kind = Pair("Response-Packet-Type", "Access-Challenge")
            state = Pair("State", "0x" + served.state.hex())
            return Result(True, {List.REPLY: (state, *values), List.CONTROL: (kind,)}, handled=True)
        done = replace(
            download,
            outcome=Outcome.SERVED,
            code=Code.DACL_SERVED.value,
            packets=served.cursor.packets,
            entries=served.cursor.offset,
        )
        self._put(_Entry(done, served.page.values))
        kind = Pair("Response-Packet-Type", "Access-Accept")
        return Result(True, {List.REPLY: (Pair(HANDLE, done.id), *values), List.CONTROL: (kind,)}, handled=True)

    def confirm(self, request: Request, size: int) -> Result:
        """In post-auth: let the last packet out if it is the one that was built, and journal the download.

        `size`: octets of the whole reply with what other policies have added.
        """
        entry = self._pending.pop(request.handed_over(HANDLE), None)
        sent = tuple(value for name, value in request.reply if name == AV_PAIR)
        if entry is None or sent != entry.values or size > LARGEST_PACKET:
            download = entry.download if entry else self._describe(request, self._clock())
            text = MEANINGS[Code.DACL_ALTERED].text
            clear = Pair(AV_PAIR, "", Operator.CLEAR)
            refusal = self._refuse(download, Code.DACL_ALTERED, "", f"{Code.DACL_ALTERED.value} {text}")
            return Result(False, {List.REPLY: (clear, *refusal.lists[List.REPLY])})
        self._record(entry.download)
        return Result(True)

    def refused(self, request: Request) -> Result:
        """In Post-Auth-Type REJECT: journal the refusal, whoever made it."""
        entry = self._pending.pop(request.handed_over(HANDLE), None)
        if entry is None or entry.download.outcome is not Outcome.REFUSED:
            download = entry.download if entry else self._describe(request, self._clock())
            reason = request.first("Module-Failure-Message")[:400] or MEANINGS[Code.DACL_OVERRULED].text
            code = Code.DACL_OVERRULED.value
            download = replace(download, outcome=Outcome.REFUSED, code=code, reason=reason, packets=0, entries=0)
            entry = _Entry(download)
        self._record(entry.download)
        return Result(True)

    def unsigned(self, request: Request) -> Result:
        """A request without Message-Authenticator, which unlang drops: journaled once a minute for each client."""
        now = self._clock()
        download = self._describe(request, now)
        last = self._unsigned.get(download.client)
        if last is None or not 0 <= now - last < _UNSIGNED_PAUSE:
            self._unsigned[download.client] = now
            self._unsigned.move_to_end(download.client)
            if len(self._unsigned) > _MOST_UNSIGNED:
                self._unsigned.popitem(last=False)
            reason = MEANINGS[Code.DACL_UNSIGNED].text
            self._record(replace(download, outcome=Outcome.DROPPED, code=Code.DACL_UNSIGNED.value, reason=reason))
        return Result(True)

    def _refuse(self, download: Download, code: Code, text: str, message: str) -> Result:
        reason = f"{MEANINGS[code].text}: {text}" if text else MEANINGS[code].text
        refused = replace(download, outcome=Outcome.REFUSED, code=code.value, reason=reason[:400], packets=0, entries=0)
        self._put(_Entry(refused))
        return Result(False, {List.REPLY: (Pair(HANDLE, refused.id), Pair("Reply-Message", message))})

    def _describe(self, request: Request, now: float) -> Download:
        return Download(
            id=secrets.token_hex(12),
            at=now,
            outcome=Outcome.REFUSED,
            code="",
            name=request.first("User-Name"),
            client=request.first(CLIENT),
            client_name=request.first("MDM-Client-Name"),
            nas_address=request.first("NAS-IP-Address") or request.first("NAS-IPv6-Address"),
        )

    def _read_key(self) -> bytes:
        if self._key is None:
            raise MdmError("no configuration was taken over")
        return self._key.key()

    def _put(self, entry: _Entry) -> None:
        self._pending[entry.download.id] = entry
        if len(self._pending) > _MOST_PENDING:
            self._pending.popitem(last=False)

    def _record(self, download: Download) -> None:
        try:
            self._journal.append("download", download.to_json(), download.at)
        except StoreError as error:
            self._error(f"{Code.JOURNAL_UNWRITABLE} download {download.id} is not journaled: {error}")
        line = download_line(download)
        if download.outcome is Outcome.SERVED:
            self._info(line)
        else:
            # A port stays closed, or open with its default ACL: that is an alarm (ise.md section 5.5).
            self._error(f"{line} next={quote(MEANINGS[Code(download.code)].advice)}")

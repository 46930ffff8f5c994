"""Intune, as far as a fleet needs it: a truth about every device, delays, its bulk list with its hours, and outages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ...compliance import Compliance, ComplianceAnswer, EndpointKey, Managed, Registration
from ...errors import SourceError
from ...mdm.codes import CODES, MdmCode
from ...mdm.noncompliant import NonCompliantDevices
from .virtual_loop import VirtualLoop

_ROUNDING = 1e-6  # seconds: what should be 8.0 can be a little less
_PAGE = 100  # devices on a page of the bulk list
_OPEN, _WINDOW = 3600.0, 4 * 3600.0  # seconds: it answers for the first hour of four (intune.md section 6)


@dataclass(slots=True)
class Delays:
    """Seconds: of one lookup, of one page of the bulk list, and of a question that is not answered at all."""

    lookup: float = 0.25
    page: float = 1.5
    in_vain: float = 5.0


@dataclass(slots=True)
class Queries:
    """Per second of virtual time. `waited`: of those that an authentication waits for."""

    waited: Counter[int] = field(default_factory=Counter)
    unwaited: Counter[int] = field(default_factory=Counter)
    pages: int = 0
    refused_lists: int = 0
    failed: int = 0


class Tenant:
    """The truth. `now`: seconds of virtual time. Changed in the event loop, read in mdmd's threads."""

    def __init__(self, loop: VirtualLoop, now: Callable[[], float], delays: Delays | None = None) -> None:
        self.loop = loop
        self.now = now
        self.delays = delays or Delays()
        self.noncompliant: set[str] = set()
        self.queries = Queries()
        self.waited_for: Counter[str] = Counter()  # devices that an authentication waits for at this moment
        self.down = False
        self.list_broken = False
        self.on_answer: Callable[[str, bool], None] = lambda _, __: None  # device, compliant; in a thread
        self._window_began = float("-inf")

    def answer(self, device: str) -> ComplianceAnswer:
        """What Intune says about a device now."""
        compliance = Compliance.NONCOMPLIANT if device in self.noncompliant else Compliance.COMPLIANT
        return ComplianceAnswer(Registration.REGISTERED, compliance, Managed.TRUE)

    def page_allowed(self) -> bool:
        """Whether the bulk list answers now; the first call after a window begins the next one."""
        if self.list_broken:
            return False
        if self.now() - self._window_began >= _WINDOW:
            self._window_began = self.now()
        return self.now() - self._window_began < _OPEN


class TenantSource:
    """The ComplianceSource of one mdmd: it asks the tenant, and waits in virtual time."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def lookup(self, key: EndpointKey) -> ComplianceAnswer:
        """One device."""
        tenant = self._tenant
        counted = tenant.queries.waited if tenant.waited_for[key.value] else tenant.queries.unwaited
        counted[int(tenant.now() + _ROUNDING)] += 1
        if tenant.down:
            tenant.queries.failed += 1
            tenant.loop.sleep_in_thread(tenant.delays.in_vain)
            raise _failure(MdmCode.CONNECTION, "no answer in 5 s", server_down=True)
        tenant.loop.sleep_in_thread(tenant.delays.lookup)
        found = tenant.answer(key.value)
        tenant.on_answer(key.value, found.compliance is Compliance.COMPLIANT)
        return found

    def noncompliant(self, cancelled: Callable[[], bool]) -> NonCompliantDevices:
        """All pages of the bulk list."""
        tenant = self._tenant
        fetched = 0
        while True:
            tenant.loop.sleep_in_thread(tenant.delays.page)
            if tenant.down or cancelled():
                raise _failure(MdmCode.CONNECTION, "no answer in 5 s", server_down=False)
            if not tenant.page_allowed():
                tenant.queries.refused_lists += 1
                raise _failure(MdmCode.BULK_CLOSED, "HTTP 503", server_down=False)
            tenant.queries.pages += 1
            fetched += _PAGE
            if fetched >= len(tenant.noncompliant):
                found = frozenset(tenant.noncompliant)
                return NonCompliantDevices(found, frozenset(), len(found))

    def warm_up(self) -> None:
        """Tokens."""
        if self._tenant.down:
            raise _failure(MdmCode.CONNECTION, "no answer in 5 s", server_down=True)

    def close(self) -> None:
        """Nothing is open."""


def _failure(code: MdmCode, detail: str, *, server_down: bool) -> SourceError:
    return SourceError(code.value, detail, CODES[code].advice, server_down=server_down)

"""All pages of the bulk list, or an error: a list broken off midway is thrown away whole (intune.md section 5).

Absence from the list means nothing unless it is complete, and even then the list knows only devices that are
non-compliant: neither "compliant" nor "unmanaged" may be concluded from it.
"""

from __future__ import annotations

from collections.abc import Callable

from .crs_answers import CrsDevice, CrsProtocolError, DeviceList

FIRST_PAGE = "0"
MOST_PAGES = 2000


def collect(fetch: Callable[[str], DeviceList]) -> tuple[CrsDevice, ...]:
    """Every device of every page. `fetch` takes the paging marker, opaque text that only the server understands.

    Raises CrsProtocolError on a marker seen before or after MOST_PAGES pages, and whatever `fetch` raises.
    """
    devices: list[CrsDevice] = []
    seen = {FIRST_PAGE}
    marker = FIRST_PAGE
    for _ in range(MOST_PAGES):
        page = fetch(marker)
        devices += page.devices
        if page.next_page is None:
            return tuple(devices)
        marker = page.next_page
        if marker in seen:
            raise CrsProtocolError(f"the list repeats its paging marker {marker[:40]!r}")
        seen.add(marker)
    raise CrsProtocolError(f"the list has more than {MOST_PAGES} pages")

"""mdmd asks Intune for the page where a user enrols a device, and keeps it where radiusd's hooks find it."""

from __future__ import annotations

from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.site import MDM_SERVER, Site
from freeradius_mdm.store.read import StoreReader

# The address in the published example of Intune's server information (intune.md section 4).
PAGE = "https://portal.manage.microsoft.com/networkaccesscontrol/index"


def test_the_enrolment_page_is_stored(site: Site) -> None:
    reader = StoreReader(site.state_directory / "store.sqlite")
    try:
        wait_for(lambda: bool(reader.redirect_url(MDM_SERVER)), "the page is in the store", 15)
        assert reader.redirect_url(MDM_SERVER) == PAGE
    finally:
        reader.close()
    assert "event=server_info server=Intune redirect_url=" in (site.log_directory / "mdmd.log").read_text()

"""README's step 2: each link, the dictionary's line, and that both programs read one mdm.toml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from freeradius_mdm.operations.site_check import links
from freeradius_mdm.operations.site_check.site import Site, raddb_of
from freeradius_mdm.reply_types import TYPES
from tests.operations.site_check.sites import POLICY_MODULE, faults, site

STOCK = Path("/usr/share/freeradius/dictionary")
PATHS = [place.path for place in links.PLACES]
pytestmark = pytest.mark.skipif(not STOCK.exists(), reason="FreeRADIUS is not installed")


def linked(directory: Path, *changes: tuple[str, str, str]) -> Site:
    """A site with the overlay's other files: the dictionary as it is shipped, a package, and nothing missing."""
    overlay = Path(__file__).parents[3] / "freeradius"
    made = site(directory, *changes)
    (made.raddb / "dictionary").write_text("# the site's own\n$INCLUDE dictionary.mdm\n")
    (made.raddb / "dictionary.mdm").symlink_to(overlay / "dictionary.mdm")
    (made.raddb / "mods-config/mdm/python").symlink_to(overlay.parent / "module")
    return made


def test_everything_in_place(tmp_path: Path) -> None:
    assert [f"{each.state} {each.check}" for each in links.check(linked(tmp_path))] == [
        "ok raddb.links",
        "ok raddb.dictionary",
        "ok raddb.mdm-toml",
    ]


@pytest.mark.parametrize("path", PATHS)
def test_a_link_that_leads_nowhere(tmp_path: Path, path: str) -> None:
    """Read anew, as FreeRADIUS passes over what is not there in a directory."""
    made = linked(tmp_path)
    (made.raddb / path).unlink()
    (made.raddb / path).symlink_to("/nowhere/at/all")
    site_now = Site(made.config_file, made.config, made.raddb, made.server, None)
    lines = faults(links.check(site_now), tmp_path)
    assert lines[0].startswith(f"error raddb.links: {path} leads to /nowhere/at/all, which is not there: without it ")


@pytest.mark.parametrize("path", PATHS)
def test_what_is_missing(tmp_path: Path, path: str) -> None:
    made = linked(tmp_path)
    (made.raddb / path).unlink()
    site_now = Site(made.config_file, made.config, made.raddb, made.server, None)
    found = next(each for each in links.check(site_now) if each.check == "raddb.links")
    assert found.text.startswith(f"{path} is missing: without it there is not ")
    assert found.advice.startswith(("ln -sfn ", "copy it from /opt/freeradius-mdm/freeradius/mods-config/mdm/mdm.toml"))


def test_a_package_that_is_none(tmp_path: Path) -> None:
    made = linked(tmp_path)
    (made.raddb / "mods-config/mdm/python").unlink()
    (made.raddb / "mods-config/mdm/python").mkdir()
    assert faults(links.check(made), tmp_path) == [
        "error raddb.links: mods-config/mdm/python holds no package freeradius_mdm: without it there is not the Python "
        "package @ mods-config/mdm/python"
    ]


def test_the_same_under_other_names(tmp_path: Path) -> None:
    """What counts is what FreeRADIUS reads, not what a file is called."""
    made = linked(tmp_path, ("mods-enabled/mdm_policy", "", ""), ("mods-enabled/70-policy", "", POLICY_MODULE))
    (made.raddb / "mods-enabled/mdm_policy").unlink()
    assert faults(links.check(made), tmp_path) == []


def test_the_line_in_the_dictionary(tmp_path: Path) -> None:
    made = linked(tmp_path)
    (made.raddb / "dictionary").write_text("# $INCLUDE dictionary.mdm\n")
    (found,) = [each for each in links.check(made) if each.check == "raddb.dictionary"]
    # Every MDM-* attribute that is sent to unlang; three are named, in alphabetical order.
    count = sum(name.startswith("MDM-") for name in TYPES)
    assert found.text == (
        f"{count} attributes are missing (MDM-Authorization-Profile, MDM-Decision-Id, MDM-Device-Compliant-Status and "
        f"{count - 3} more), and FreeRADIUS does not start"
    )
    assert found.advice == f"add the line $INCLUDE dictionary.mdm to {made.raddb}/dictionary"


def test_a_dictionary_of_an_older_release(tmp_path: Path) -> None:
    made = linked(tmp_path)
    (made.raddb / "dictionary.mdm").unlink()
    (made.raddb / "dictionary.mdm").write_text("ATTRIBUTE\tMDM-Rule\t3619\tstring\n")
    (found,) = [each for each in links.check(made) if each.check == "raddb.dictionary"]
    assert found.advice.startswith("the line $INCLUDE dictionary.mdm is there: take dictionary.mdm from this release")


def test_an_attribute_that_the_site_has_changed(tmp_path: Path) -> None:
    made = linked(tmp_path)
    with (made.raddb / "dictionary").open("a") as file:
        file.write("ATTRIBUTE\tFilter-Id\t11\toctets\n")
    assert [line.partition(" @ ")[0] for line in faults(links.check(made), tmp_path)] == [
        "error raddb.dictionary: Filter-Id is of type octets instead of string"
    ]


def test_a_dictionary_that_can_not_be_read(tmp_path: Path) -> None:
    made = linked(tmp_path, ("mods-enabled/mdm_policy", "/usr/share/freeradius/dictionary", "/no/dictionary"))
    (line,) = faults(links.check(made), tmp_path)
    assert line == "error raddb.dictionary: /no/dictionary can't be read: No such file or directory @ /no/dictionary"


def _other(made: Site) -> Path:
    other = made.raddb.parent / "mdm.toml"
    other.write_bytes(made.config_file.read_bytes())
    return other


def _link(made: Site) -> Path:
    link = made.raddb.parent / "mdm.toml"
    link.symlink_to(made.config_file)
    return link


@pytest.mark.parametrize(("make", "expected"), [(_link, []), (_other, ["radiusd reads ", "and this check "])])
def test_both_read_the_same_file(tmp_path: Path, make: Callable[[Site], Path], expected: list[str]) -> None:
    made = linked(tmp_path)
    file = make(made)
    found = list(links.check(Site(file, made.config, made.raddb, made.server, made.top)))
    errors = [each.text for each in found if each.check == "raddb.mdm-toml" and each.code == "M1822"]
    assert all(part in errors[0] for part in expected) if expected else errors == []


def test_the_raddb_is_found_by_name() -> None:
    """A link to mdm.toml leads elsewhere, and is not followed."""
    assert raddb_of(Path("/etc/freeradius/3.0/mods-config/mdm/mdm.toml")) == Path("/etc/freeradius/3.0")

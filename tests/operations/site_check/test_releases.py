"""First lines of `radiusd -v` as the packages print them, and what each release means: freeradius.md section 14."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.operations.site_check import freeradius, releases
from freeradius_mdm.operations.site_check.finding import State
from freeradius_mdm.operations.site_check.freeradius import FreeRadius, version_of

DEBIAN_12 = "radiusd: FreeRADIUS Version 3.2.1, for host x86_64-pc-linux-gnu, built on Aug 18 2023 at 22:26:34"
DEBIAN_13 = "radiusd: FreeRADIUS Version 3.2.7, for host x86_64-pc-linux-gnu, built on Dec  6 2025 at 20:56:45"


def traps(version: tuple[int, ...], *, radsec: bool = False) -> dict[str, State]:
    found = releases.check(FreeRadius(("radiusd",), Path("/"), version), radsec=radsec)
    return {each.check.removeprefix("release."): each.state for each in found if each.check != "release.version"}


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        (DEBIAN_12, (3, 2, 1)),
        (DEBIAN_13, (3, 2, 7)),
        ("radiusd: FreeRADIUS Version 3.2.1+dfsg-4+deb12u1, for host x86_64-pc-linux-gnu", (3, 2, 1)),
        ("radiusd: FreeRADIUS Version 3.2.11 (git #1a2b3c4), for host x86_64-pc-linux-gnu", (3, 2, 11)),
        ("radiusd: FreeRADIUS Version 3.0.26, for host x86_64-redhat-linux-gnu", (3, 0, 26)),
        ("radiusd: FreeRADIUS Version 4.0, for host x86_64-pc-linux-gnu", (4, 0, 0)),
        ("something else", ()),
        ("", ()),
    ],
)
def test_the_version_in_the_first_line(banner: str, version: tuple[int, ...]) -> None:
    assert version_of(banner) == version


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((3, 0, 26), {"other-server": State.ERROR}),
        ((3, 2, 1), {"uri-names": State.WARNING, "signed-replies": State.OK}),
        ((3, 2, 4), {"skip": State.WARNING, "uri-names": State.WARNING, "signed-replies": State.OK}),
        ((3, 2, 6), {"uri-names": State.WARNING}),
        ((3, 2, 7), {}),
        ((3, 2, 8), {}),
        ((3, 2, 9), {"lost-values": State.ERROR}),
        ((3, 2, 10), {"lost-values": State.ERROR}),
        ((3, 2, 11), {"not-tried": State.WARNING}),
        ((4, 0, 0), {"other-module": State.ERROR}),
    ],
)
def test_each_release_has_its_traps(version: tuple[int, ...], expected: dict[str, State]) -> None:
    assert traps(version) == expected


def test_radsec_matters_where_a_listener_uses_tls() -> None:
    assert traps((3, 2, 6), radsec=True)["radsec"] is State.ERROR
    assert "radsec" not in traps((3, 2, 7), radsec=True)
    assert "radsec" not in traps((3, 2, 6))


def test_the_first_finding_says_which_one_it_is() -> None:
    first, *_ = releases.check(FreeRadius(("/usr/sbin/freeradius",), Path("/"), (3, 2, 7)), radsec=False)
    assert (first.state, first.text) == (State.OK, "FreeRADIUS 3.2.7 (/usr/sbin/freeradius)")


def test_a_program_that_is_no_freeradius() -> None:
    server = freeradius.find(["echo"])
    assert server is not None
    (found,) = releases.check(server, radsec=False)
    assert (found.state, found.code) == (State.ERROR, "M1821")
    assert found.text == "echo -v does not tell its version: -v"


def test_a_program_that_is_not_there() -> None:
    assert freeradius.find(["/no/such/program"]) is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[a]\nstate = "error"\ntext = "x"\nsource = "y"\n', "has advice"),
        ('[a]\nstate = "bad"\ntext = "x"\nsource = "y"\n', "bad"),
        ('[a]\nstate = "ok"\ntext = "x"\nsource = "y"\nform = "3.2.1"\n', "form means nothing here"),
        ('[a]\nstate = "ok"\ntext = "x"\nsource = "y"\nneeds = "luck"\n', "luck"),
        ('[a]\nstate = "ok"\ntext = "x"\n', "source"),
    ],
)
def test_a_faulty_table_is_named(tmp_path: Path, text: str, error: str) -> None:
    file = tmp_path / "releases.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=rf"\[a\].*{error}"):
        releases.read(file)

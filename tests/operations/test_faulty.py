"""What is believed of an mdm.toml with errors: where the store is, if that is beyond doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.operations.faulty import faulty_config

USUAL = Path("/var/lib/freeradius-mdm")
BROKEN = "[[servers]\nname = \n"  # no TOML


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", USUAL),
        ("[servers]\nname = 3\n", USUAL),
        ('[service]\nstate_directory = "/srv/mdm"\nwait = "no"\n', Path("/srv/mdm")),
        ('[service]\nstate_directory = "state"\n', Path("state")),
        ("[service]\nstate_directory = 7\n", None),
        ('[service]\nstate_directory = " "\n', None),
        ('service = "x"\n', None),
        # Of what is no TOML a line that can be read by itself counts.
        (BROKEN, USUAL),
        (BROKEN + '[service]\nstate_directory = "/srv/mdm"  # here\n', Path("/srv/mdm")),
        (BROKEN + "[service]\n  state_directory='/srv/mdm'\n", Path("/srv/mdm")),
        (BROKEN + '[service]\n# state_directory = "/srv/mdm"\n', USUAL),
        (BROKEN + '[service]\nstate_directory = "/srv/mdm\n', None),
        (BROKEN + '[service]\nstate_directory = "/a"\nstate_directory = "/b"\n', None),
        (BROKEN + 'service = { state_directory = "/srv/mdm" }\n', None),
        ("[" * 5000, USUAL),
    ],
)
def test_the_place_of_the_store(tmp_path: Path, text: str, expected: Path | None) -> None:
    file = tmp_path / "mdm.toml"
    file.write_text(text)
    found = faulty_config(file)
    assert (found and found.service.state_directory) == (expected and tmp_path / expected)


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ('"127.0.0.1:9000"', ("127.0.0.1", 9000)),
        ('"[::1]:9000"', ("::1", 9000)),
        ('"127.0.0.1:99999"', ("127.0.0.1", 8650)),
        ('"9000"', ("127.0.0.1", 8650)),
        ("9000", ("127.0.0.1", 8650)),
    ],
)
def test_where_mdmd_listens(tmp_path: Path, listen: str, expected: tuple[str, int]) -> None:
    file = tmp_path / "mdm.toml"
    file.write_text(f"[service]\nlisten = {listen}\n")
    found = faulty_config(file)
    assert found is not None
    assert (found.service.listen_host, found.service.listen_port) == expected


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    assert faulty_config(tmp_path / "gone") is None
    (tmp_path / "mdm.toml").write_bytes(b"\xff")
    assert faulty_config(tmp_path / "mdm.toml") is None

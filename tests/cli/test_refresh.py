"""`mdmctl refresh` with a real mdmd and an MDM server that has changed its mind."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from freeradius_mdm.cli.command import Exit
from freeradius_mdm.cli.main import main
from freeradius_mdm.store.read import StoreReader
from tests.operations.office import Office, office
from tests.service.fakes import until_now


def older_than_a_second(of: Office, number: int = 1) -> None:
    """What is younger is what mdmd has just fetched, and it does not ask again."""
    reader = StoreReader(of.file)
    record = reader.record(of.key(number))
    reader.close()
    assert record is not None
    until_now(lambda: time.time() > record.answered_at + 1.1)


def test_refresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with office(tmp_path) as o:
        o.starts()
        o.starts(2)
        older_than_a_second(o)
        older_than_a_second(o, 2)
        o.set("noncompliant", o.key().value)
        assert main(["--config", str(o.config), "refresh", o.mac(), "host/2", o.key().value]) == Exit.DONE
        shown = capsys.readouterr().out
        blocks = re.split(r"^endpoint +", shown, flags=re.MULTILINE)[1:]
        assert len(blocks) == 2  # the third is the first again
        first, second = (block.splitlines() for block in blocks)
        session = o.session()
        assert first[0] == f"Intune/intune/{o.key().value} (by the MAC of its live session)"
        assert re.fullmatch(r"before +Registered, Compliant, managed True, answered \d+ s ago", first[1])
        assert re.fullmatch(
            r"now +Registered, NonCompliant, managed True, answered (now|\d+ s ago), due \d{4}-\d\d-\d\d .*", first[2]
        )
        assert re.fullmatch(
            rf"sessions +session {session.id[:8]} on switch, 00-50-56-00-00-01: "
            r"gets profile Quarantine instead of Employee; order [0-9a-f]{24}: .*",
            first[3],
        )
        assert second[0] == f"Intune/intune/{o.key(2).value} (by the user of its live session)"
        assert second[3].endswith(" on switch, 00-50-56-00-00-02: keeps what it has, profile Employee")

        older_than_a_second(o, 2)
        assert main(["--config", str(o.config), "refresh", "host/2", "--json"]) == Exit.DONE
        (record,) = json.loads(capsys.readouterr().out)["records"]
        assert (record["value"], record["answer"]["compliance"]) == (o.key(2).value, "Compliant")


def test_refresh_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with office(tmp_path) as o:
        o.set("down-one")
        assert main(["--config", str(o.config), "refresh", o.key().value]) == Exit.FAILED
        told = capsys.readouterr()
        assert told.out.splitlines()[1].split(None, 1) == ["before", "never asked about"]
        assert told.err.startswith("M1805 M1211 connection refused")
        assert told.err.endswith("  next: mdmctl test Intune\n")
        # Of several, the others are asked all the same.
        assert main(["--config", str(o.config), "refresh", o.key().value, o.key(2).value]) == Exit.FAILED
        assert capsys.readouterr().err.count("M1211") == 2
        assert o.end() == 0
        assert main(["--config", str(o.config), "refresh", o.key().value]) == Exit.UNREACHABLE
        assert "M1804 mdmd does not run" in capsys.readouterr().err
        assert main(["--config", str(o.config), "refresh", "nobody"]) == Exit.NOT_FOUND

"""FreeRADIUS's detail files: the text is what FreeRADIUS 3.2 wrote for a session of strongSwan, shortened."""

from __future__ import annotations

from pathlib import Path

from freeradius_mdm.lab import detail

START = """\
Mon Nov 23 13:16:21 2026
\tAcct-Status-Type = Start
\tAcct-Session-Id = "1795439781-1"
\tClass = 0x7374616666
\tClass = 0x6d646d3a
\tUser-Name = "a = b"
\tFramed-IP-Address = 198.51.100.1

"""
STOP = START.replace("= Start", "= Stop")


def write(directory: Path, text: str) -> None:
    file = directory / "radacct/198.18.7.2/detail-20261123"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")


def test_records(tmp_path: Path) -> None:
    write(tmp_path, START + STOP)
    start, stop = detail.accounting(tmp_path)
    assert (start.status, stop.status) == ("Start", "Stop")
    assert start.session == "1795439781-1"
    assert start.classes == [b"staff", b"mdm:"]
    assert start.first("User-Name") == "a = b"
    assert start.first("Framed-IP-Address") == "198.51.100.1"
    assert (start.first("Acct-Terminate-Cause"), start.values("Acct-Terminate-Cause")) == ("", [])


def test_a_record_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, START + STOP.removesuffix("\n"))
    assert [record.status for record in detail.accounting(tmp_path)] == ["Start"]


def test_no_accounting_yet(tmp_path: Path) -> None:
    assert detail.accounting(tmp_path) == []

"""mdmd as a process: life and death, and what survives it."""

from __future__ import annotations

import resource
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from freeradius_mdm.accounting import AccountingEvent, AccountingStatus
from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.service.main import main
from freeradius_mdm.sessions import ledger
from freeradius_mdm.sessions.book import Book
from freeradius_mdm.store import sessions as session_table
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.schema import make_directory
from tests.store.samples import COMPLIANT, key

from .fakes import AT, until_now
from .process import Site

PATH = f"/v1/endpoints/intune/intune/{key().value}?wait=10s"


def _working_day(count: int, at: float) -> Iterator[tuple[str, Decision | AccountingEvent]]:
    """Decisions and accounting of that many stations, told a little of each in turn; every third one leaves."""
    for turn in range(6):
        for number in range(count):
            moment = at + 60 * turn + number / 1000
            station = {
                "client": f"192.0.2.{number % 7}",
                "nas_port_id": f"Gi1/0/{number}",
                "calling_station": f"00-50-56-00-{number >> 8:02X}-{number & 255:02X}",
                "audit_session_id": f"{number:024X}",
            }
            first, again = f"{number:024x}", f"{count + number:024x}"
            if turn in (0, 3):
                chosen = first if turn == 0 else again
                mac = station["calling_station"].replace("-", "")
                made = Decision(chosen, moment, Outcome.ACCEPT, mac=mac, reason="x" * 2500, rule=f"r{turn}", **station)
                yield "decision", made
            elif turn < 5 or number % 3 == 0:
                status = {1: AccountingStatus.START, 5: AccountingStatus.STOP}.get(turn, AccountingStatus.INTERIM)
                ids, user = (first if turn < 3 else again,), "y" * 900
                acct = f"{number:08X}{turn // 4}"  # another one after the reauthentication
                yield (
                    "accounting",
                    AccountingEvent(moment, status, decision_ids=ids, acct_session_id=acct, user=user, **station),
                )


def _reached(site: Site) -> int:
    """How many bytes of the journal the store has taken."""
    if not (site.state / "store.sqlite").exists():
        return 0
    with closing(sqlite3.connect(site.state / "store.sqlite", timeout=10)) as connection:
        try:
            return int(connection.execute("SELECT coalesce(sum(position), 0) FROM journal_positions").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # not made yet


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_starts_answers_and_ends(site: Site, number: signal.Signals) -> None:
    site.start()
    assert site.get(PATH) == "answered"
    until_now(lambda: site.get("/v1/health")["status"] == "ok")
    assert site.end(number) == 0
    assert site.events("stopped")
    reader = StoreReader(site.state / "store.sqlite")
    record = reader.record(key())
    reader.close()
    assert record is not None
    assert record.answer == COMPLIANT


def test_ends_with_a_query_under_way(site: Site) -> None:
    site.start()
    (site.directory / "slow").touch()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(site.get, PATH)
        until_now(lambda: (site.directory / "asked").exists())
        assert site.process is not None
        site.process.send_signal(signal.SIGTERM)
        until_now(lambda: site.events("stopping"))
        (site.directory / "slow").unlink()
        assert waiting.result(30) == "answered"
    assert site.process.wait(30) == 0


def test_killed_in_the_middle_of_the_journal(site: Site) -> None:
    """Killed again and again while it takes in a backlog that grows: every line is taken exactly once."""
    total, kills = 4000, 5
    # An old segment, which is removed when it is done with, and then the present one.
    site.journal(*range(total // 2), at=time.time() - 4 * 3600, reason="x" * 1500)
    stop = threading.Event()

    def journal_more() -> None:
        for number in range(total // 2, total):
            site.journal(number, reason="x" * 1500)
            stop.wait(0.0005)

    with ThreadPoolExecutor(1) as pool:
        more = pool.submit(journal_more)
        in_the_middle = 0
        for _ in range(kills):
            before = site.stored()
            site.start()
            until_now(lambda before=before: site.stored() > before or before == total)
            site.end(signal.SIGKILL)
            in_the_middle += before < site.stored() < total
        more.result(60)
    assert in_the_middle >= 2
    site.start()
    until_now(lambda: site.get("/v1/health")["journal"]["lag_bytes"] == 0)
    with closing(sqlite3.connect(site.state / "store.sqlite")) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT id) FROM decisions").fetchall() == [(total, total)]
    assert site.stored() == total
    # These have no id by which one taken twice could be passed over.
    assert site.get("/v1/health")["journal"]["rejects"] == total


def test_killed_in_the_middle_of_sessions(site: Site) -> None:
    """Killed again and again: the sessions are in the end what one mdmd that nobody kills makes of the same lines."""
    lines, kills = list(_working_day(400, time.time() - 1800)), 5
    make_directory(site.state)
    make_directory(site.state / "journal")
    journal = JournalWriter(site.state / "journal")
    for kind, line in lines:
        journal.append(kind, line.to_json(), line.at)
    total = sum(path.stat().st_size for path in (site.state / "journal").iterdir())
    in_the_middle = 0
    for _ in range(kills):
        before = _reached(site)
        site.start()
        until_now(lambda before=before: _reached(site) != before or _reached(site) == total)
        site.end(signal.SIGKILL)
        in_the_middle += before < _reached(site) < total
    assert in_the_middle >= 2
    site.start()
    until_now(lambda: site.get("/v1/health")["journal"]["lag_bytes"] == 0)
    book = Book()
    for _, line in lines:
        if isinstance(line, Decision):
            ledger.decided(book, line, socket.gethostname())
        else:
            ledger.accounted(book, line)
    with closing(sqlite3.connect(site.state / "store.sqlite")) as connection:
        stored = {each.id: each for each in session_table.load(connection, 0)}
    assert stored == {each.id: each for each in book}
    live = sum(each.live for each in book)
    assert site.get("/v1/health")["sessions"]["live"] == live
    assert 0 < live < len(stored)


def test_what_was_answered_survives_a_kill(site: Site) -> None:
    site.start()
    reader = StoreReader(site.state / "store.sqlite")
    for number in range(20):
        assert site.get(f"/v1/endpoints/intune/intune/{key(number).value}?wait=10s") == "answered"
    site.end(signal.SIGKILL)
    records = [reader.record(key(number)) for number in range(20)]
    assert [record.answer for record in records if record] == [COMPLIANT] * 20
    reader.close()


def test_two_are_refused(site: Site) -> None:
    site.start()
    first = site.process
    assert first is not None
    site.start()
    assert site.process is not None
    assert site.process.wait(30) == 1
    (line,) = site.events("store_unusable")
    assert f"another mdmd (process {first.pid}) uses" in line
    site.process = first
    assert site.end() == 0


def test_an_address_in_use(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        site.write_config(port=taken.getsockname()[1])
        site.start()
        assert site.process is not None
        assert site.process.wait(30) == 1
    assert "address already in use" in site.events("not_listening")[0]


def test_a_full_disk(site: Site) -> None:
    """A limit on file size stands in for it: answers go on, the journal stays, and all is made up for afterwards."""
    site.start()
    process = site.process
    assert process is not None
    until_now(lambda: site.get("/v1/health")["status"] == "ok")
    no_limit = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100, no_limit[1]))
    site.journal(*range(100))
    assert site.get(PATH) == "failed"
    until_now(lambda: site.get("/v1/health")["journal"]["error"])
    health = site.get("/v1/health")
    assert (health["status"], health["store"]["unsaved_answers"]) == ("degraded", 1)
    assert site.stored() == 0
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, no_limit)
    until_now(lambda: site.stored() == 100 and site.get("/v1/health")["status"] == "ok")
    assert site.get(PATH) == "answered"
    assert (site.directory / "asked").read_text().count("\n") == 1
    assert len(site.events("store_recovered")) == 1


def test_prints_decisions(site: Site) -> None:
    site.journal(1, at=AT, reason="two\nlines")
    site.start("--print-decisions")
    until_now(lambda: site.output().count("\n") == 1)
    assert site.output().startswith("time=2023-11-14T22:13:20.000Z mdm decision id=")
    assert " outcome=accept user=host/1 mac=0011223344AA " in site.output()
    assert ' reason="two?lines" ' in site.output()


def test_takes_over_a_changed_configuration(site: Site) -> None:
    site.start()
    site.write_config(change=('"5s"\n\n[[id', '"4s"\n\n[[id'))
    until_now(lambda: site.events("config_taken_over"))
    assert site.get(PATH) == "answered"


def test_keeps_the_old_configuration(site: Site) -> None:
    site.start()
    site.write_config(change=("client_id", "clientid"))
    until_now(lambda: site.events("config_refused"))
    assert "clientid" in site.get("/v1/health")["config"]["error"]
    assert site.get(PATH) == "answered"
    site.write_config(change=("[policy]", "\n[policy]"))
    until_now(lambda: site.events("config_taken_over"))
    assert site.get("/v1/health")["config"]["error"] == ""


def test_an_address_needs_a_restart(site: Site) -> None:
    site.start()
    site.write_config(port=9)
    until_now(lambda: site.events("config_needs_restart"))
    assert "setting=service.listen_port" in site.events("config_needs_restart")[0]
    assert site.get(PATH) == "answered"


def test_tells_systemd(site: Site) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(site.directory / "notify"))
        systemd.settimeout(30)
        site.start(NOTIFY_SOCKET=str(site.directory / "notify"))
        told = {systemd.recv(100) for _ in range(2)}
        assert told == {b"READY=1", b"WATCHDOG=1"}
        assert site.end() == 0
        with suppress(TimeoutError):
            while b"STOPPING=1" not in told:
                told.add(systemd.recv(100))
    assert b"STOPPING=1" in told


def test_check(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(site.config), "--check"]) == 0
    assert capsys.readouterr().out == f"{site.config}: no error found\n"
    assert not site.state.exists()
    site.write_config(change=("client_id", "clientid"))
    assert main(["--config", str(site.config), "--check"]) == 2
    lines = capsys.readouterr().err.splitlines()
    # For people: what is wrong, what is allowed and the next step below each other.
    unknown = next(at for at, line in enumerate(lines) if ": M1856 servers[1].clientid: is not a setting" in line)
    assert lines[unknown].startswith(f"{site.config}:")
    assert lines[unknown + 1].startswith("  allowed: ")
    assert lines[unknown + 2] == "  next: did you mean client_id?"
    assert main(["--config", str(site.config)]) == 2

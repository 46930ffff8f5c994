"""Downloads in radiusd: what is returned to FreeRADIUS, what is confirmed, what is journaled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from freeradius_mdm.config.model import Config
from freeradius_mdm.config.reader import load
from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.download.desk import DownloadDesk
from freeradius_mdm.download.record import Download
from freeradius_mdm.download.record import Outcome as Ended
from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.reply import encode
from freeradius_mdm.request import Request
from freeradius_mdm.result import Result
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter
from tests.builders import NOW, config, request

from .acls import CLIENT, LONG, named

OPEN = named("OPEN", "permit ip any any")
LONGER = named("LONG", *LONG)
SIGNATURE = ("Message-Authenticator", "0x00")


@dataclass
class Bench:
    directory: Path
    now: float = NOW
    info: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.config: Config = config(self.directory)
        state = self.config.service.state_directory
        self.writer = StoreWriter(state)
        (state / "journal").mkdir()
        (state / "dacl.key").write_bytes(b"k" * 32)
        reader, journal = StoreReader(self.config.service.store_file), JournalWriter(state / "journal")
        self.desk = DownloadDesk(reader, journal, lambda: self.now, self.info.append, self.errors.append)
        self.desk.take_over(self.config)

    def request(self, name: str, *pairs: tuple[str, str], reply: tuple[tuple[str, str], ...] = ()) -> Request:
        usual = (
            ("User-Name", name),
            ("NAS-IP-Address", "10.0.0.1"),
            ("Cisco-AVPair", "aaa:event=acl-download"),
            ("MDM-Client-Name", "switch"),
            ("MDM-Client-Address", CLIENT),
        )
        return request(*usual, *pairs, reply=reply)

    def answer(self, name: str, *pairs: tuple[str, str]) -> Result:
        return self.desk.answer(self.request(name, *pairs), self.config)

    def journal(self) -> list[Download]:
        found = []
        for file in sorted((self.config.service.journal_directory).iterdir()):
            lines = [json.loads(line) for line in file.read_text().splitlines() if line]
            found += [Download.from_values(line["body"]) for line in lines if line["type"] == "download"]
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    (tmp_path / "dacls").mkdir()
    (tmp_path / "dacls" / "LONG.acl").write_text("\n".join(LONG) + "\n", encoding="utf-8")
    made = Bench(tmp_path)
    yield made
    made.writer.close()


def reply_of(result: Result) -> tuple[tuple[str, str], ...]:
    """The reply list as post-auth sees it."""
    pairs = encode(result.lists).get("reply", ())
    return (SIGNATURE, *((name, value) for name, operator, value in pairs if operator != "!*"))


def control_of(result: Result) -> dict[str, str]:
    return {name: value for name, _, value in encode(result.lists).get("config", ())}


def test_one_packet_is_an_accept_and_journaled_when_it_goes_out(bench: Bench) -> None:
    result = bench.answer(OPEN)
    assert (result.accept, result.handled, control_of(result)) == (
        True,
        True,
        {"Response-Packet-Type": "Access-Accept"},
    )
    assert reply_of(result)[2:] == (("Cisco-AVPair", "ip:inacl#1=permit ip any any"),)
    assert bench.journal() == []
    assert bench.desk.confirm(bench.request(OPEN, reply=reply_of(result)), 100) == Result(True)
    [made] = bench.journal()
    assert made == Download(made.id, NOW, Ended.SERVED, "M1501", OPEN, CLIENT, "switch", "10.0.0.1", "", 1, 1)
    assert bench.info == [
        f'mdm download id={made.id} outcome=served name="{OPEN}" client=192.0.2.10 client_name=switch '
        "nas_address=10.0.0.1 code=M1501 packets=1 entries=1"
    ]
    assert bench.errors == []


def test_a_second_accept_of_the_same_is_nobodys(bench: Bench) -> None:
    reply = reply_of(bench.answer(OPEN))
    bench.desk.confirm(bench.request(OPEN, reply=reply), 100)
    again = bench.desk.confirm(bench.request(OPEN, reply=reply), 100)
    assert not again.accept
    assert not bench.desk.confirm(bench.request(OPEN), 100).accept


def test_continuations_are_not_journaled_one_by_one(bench: Bench) -> None:
    state: tuple[tuple[str, str], ...] = ()
    packets = 0
    while True:
        result = bench.answer(LONGER, *state)
        packets += 1
        if control_of(result)["Response-Packet-Type"] == "Access-Accept":
            break
        assert (result.accept, result.handled) == (True, True)
        assert bench.journal() == []
        state = tuple(pair for pair in reply_of(result) if pair[0] == "State")
    bench.desk.confirm(bench.request(LONGER, reply=reply_of(result)), 100)
    [made] = bench.journal()
    assert (made.packets, made.entries) == (packets, 300)
    assert packets > 3


@pytest.mark.parametrize("size", [4096, 4097])
@pytest.mark.parametrize("extra", [(), (("Cisco-AVPair", "ip:inacl#2=permit ip any any"),)])
def test_what_goes_out_must_be_what_was_built(size: int, extra: tuple[tuple[str, str], ...], bench: Bench) -> None:
    result = bench.desk.confirm(bench.request(OPEN, reply=(*reply_of(bench.answer(OPEN)), *extra)), size)
    assert result.accept is (size == 4096 and not extra)
    if result.accept:
        return
    assert encode(result.lists)["reply"][0] == ("Cisco-AVPair", "!*", "ANY")
    assert bench.journal() == []
    assert bench.desk.refused(bench.request(OPEN, reply=reply_of(result))) == Result(True)
    [made] = bench.journal()
    assert (made.outcome, made.code, made.packets) == (Ended.REFUSED, "M1524", 0)


def test_a_refusal_is_journaled_as_an_error(bench: Bench) -> None:
    result = bench.answer("#ACSACL#-IP-NOWHERE-00000000")
    assert (result.accept, result.handled) == (False, False)
    message = "M1510 there is no downloadable ACL of that name"
    assert reply_of(result)[2:] == (("Reply-Message", message),)
    bench.desk.refused(bench.request("#ACSACL#-IP-NOWHERE-00000000", reply=reply_of(result)))
    [made] = bench.journal()
    assert (made.outcome, made.code, made.reason) == (
        Ended.REFUSED,
        "M1510",
        "there is no downloadable ACL of that name",
    )
    assert bench.info == []
    [line] = bench.errors
    assert line.startswith(f"mdm download id={made.id} outcome=refused ")
    assert 'next="names are case sensitive; is the file in dacls/ on this server?"' in line


def test_a_reject_of_somebody_else(bench: Bench) -> None:
    reply = reply_of(bench.answer(OPEN))
    bench.desk.refused(bench.request(OPEN, ("Module-Failure-Message", "not today"), reply=reply))
    bench.desk.refused(bench.request(OPEN))
    codes = [(made.code, made.reason, made.packets) for made in bench.journal()]
    assert codes == [("M1525", "not today", 0), ("M1525", "another module or policy rejected the download", 0)]


def test_unsigned_requests_are_journaled_once_a_minute_and_client(bench: Bench) -> None:
    for later in (0, 1, 59.9, 60, 61):
        bench.now = NOW + later
        bench.desk.unsigned(bench.request(OPEN))
    other = request(("User-Name", OPEN), ("MDM-Client-Address", "192.0.2.99"))
    bench.desk.unsigned(other)
    assert [(made.outcome, made.code, made.client, made.at - NOW) for made in bench.journal()] == [
        (Ended.DROPPED, "M1511", CLIENT, 0),
        (Ended.DROPPED, "M1511", CLIENT, 60),
        (Ended.DROPPED, "M1511", "192.0.2.99", 61),
    ]


def test_unsigned_requests_in_many_names_do_not_fill_the_memory(bench: Bench) -> None:
    for number in range(1200):
        bench.desk.unsigned(request(("MDM-Client-Address", f"10.0.{number // 250}.{number % 250}")))
    assert len(bench.desk._unsigned) == 1000


def test_who_was_told_a_name_gets_the_older_version_at_once(bench: Bench) -> None:
    """The journal may not have been read yet."""
    accepted = Decision(
        "0" * 24,
        NOW,
        Outcome.ACCEPT,
        client=CLIENT,
        attributes=(("Cisco-AVPair", f"ACS:CiscoSecure-Defined-ACL={OPEN}"),),
    )
    (bench.directory / "dacls" / "OPEN.acl").write_text("deny ip any any\n", encoding="utf-8")
    changed = load(bench.config.file)
    bench.desk.take_over(changed)
    assert not bench.desk.answer(bench.request(OPEN), changed).accept
    bench.desk.hand(accepted)
    assert bench.desk.answer(bench.request(OPEN), changed).accept


def test_a_journal_that_can_not_be_written_is_told(bench: Bench) -> None:
    directory = bench.config.service.journal_directory
    directory.rmdir()
    result = bench.answer(OPEN)
    assert bench.desk.confirm(bench.request(OPEN, reply=reply_of(result)), 100) == Result(True)
    assert "is not journaled" in bench.errors[0]
    assert len(bench.info) == 1


def test_an_overlay_of_an_older_version_is_told(bench: Bench) -> None:
    asked = request(("User-Name", OPEN), ("Cisco-AVPair", "aaa:event=acl-download"))
    result = bench.desk.answer(asked, bench.config)
    assert not result.accept
    bench.desk.refused(request(("User-Name", OPEN), reply=reply_of(result)))
    assert "MDM-Client-Address is missing" in bench.journal()[0].reason

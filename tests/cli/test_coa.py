"""`mdmctl coa` with a real mdmd and a switch that answers, or does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from freeradius_mdm.cli.command import Exit
from freeradius_mdm.cli.main import main
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from freeradius_mdm.lab.radius.nas_session import EffectKind
from tests.operations.office import office
from tests.service.fakes import until_now


def run(config: Path, *arguments: str) -> int:
    return main(["--config", str(config), "coa", *arguments])


def test_coa(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    with office(tmp_path) as o:
        first, second = o.starts(), o.starts(2)
        # The device does it, and signs in again.
        assert run(o.config, o.mac()) == Exit.DONE
        session, order = o.session(), o.orders()[0]
        assert o.nas.effects_on(first) == [EffectKind.REAUTHENTICATED]
        out = capsys.readouterr().out.splitlines()
        assert out[0].split(None, 1) == ["session", f"{session.id} of 00-50-56-00-00-01 on switch, profile Employee"]
        assert out[1].split(None, 1) == ["order", f"{order.id}, {order.reason}"]
        assert out[2].split(None, 1) == [
            "result",
            "acked, reauthenticate, M1601, the network device acknowledged the change of authorization: "
            f"authorized anew by decision {session.decision_id}",
        ]
        # It refuses.
        o.nas.behaviour = Behaviour(Mood.NAK, 501)
        assert run(o.config, session.id[:8], "--action", "bounce") == Exit.FAILED
        out = capsys.readouterr().out.splitlines()
        assert out[2].split(None, 1)[1].startswith("nak, bounce, M1612, the network device's configuration forbids it")
        # It has no such session.
        o.nas.behaviour = Behaviour()
        o.nas.stop(second)
        until_now(lambda: bool(o.sessions(2)))  # without accounting mdmd believes in it
        assert run(o.config, "host/2", "--action", "disconnect", "--json") == Exit.DONE
        shown = json.loads(capsys.readouterr().out)
        assert (shown["state"], shown["code"], shown["asked"]) == ("gone", "M1602", "disconnect")
        until_now(lambda: not o.sessions(2))
        assert run(o.config, "host/2") == Exit.NOT_FOUND


def test_a_switch_that_is_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with office(tmp_path) as o:
        at_switch = o.starts()
        o.nas.behaviour = Behaviour(Mood.SILENT)
        assert run(o.config, o.mac(), "--no-wait") == Exit.DONE
        assert capsys.readouterr().out.splitlines()[2].startswith("mdmd carries it out")
        until_now(lambda: o.orders()[0].state == "timeout")
        assert run(o.config, o.mac(), "--action", "disconnect", "--wait", "1s") == Exit.FAILED
        told = capsys.readouterr()
        assert "not at its end after 1s; mdmd goes on with it for five minutes" in told.err
        assert [each.state for each in o.orders()][1:] == ["superseded"]
        assert run(o.config, o.mac(), "--action", "disconnect") == Exit.FAILED
        assert "M1837 order " in capsys.readouterr().err
        assert o.nas.effects_on(at_switch) == []


def test_off_and_dry_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with office(tmp_path, more='mode = "dry-run"\n') as o:
        o.starts()
        assert run(o.config, o.mac(), "--action", "disconnect") == Exit.DONE
        out = capsys.readouterr().out.splitlines()
        assert out[2].split(None, 1)[1] == "dry-run, disconnect, not sent: coa.mode is dry-run"
        assert out[3].split(None, 2) == ["would", "be", "sent Cisco-AVPair = audit-session-id=AUDIT1"]
        assert o.nas.received == 0
        o.write_config(change=('mode = "dry-run"', 'mode = "off"'))
        until_now(lambda: o.events("config_taken_over"))
        assert run(o.config, o.mac()) == Exit.FAILED
        assert capsys.readouterr().err == (
            "M1837 change of authorization is switched off, coa.mode is off\n"
            "  where: mdmd\n"
            '  next: set mode = "on" in [coa] of mdm.toml, or "dry-run" to see what would be sent\n'
        )


def test_an_action_that_the_device_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cisco IOS takes no push (ise.md section 6.2)."""
    with office(tmp_path) as o:
        o.starts()
        assert run(o.config, o.mac(), "--action", "push") == Exit.FAILED
        assert capsys.readouterr().err == (
            "M1837 Cisco IOS, IOS-XE switches, Catalyst 9800 can't be asked to push\n"
            "  where: mdmd\n"
            "  allowed: reauthenticate, disconnect, bounce\n"
            "  next: leave the action out for the usual one\n"
        )


def test_wrong_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with office(tmp_path, running=False) as o:
        assert run(o.config, "x", "--action", "reboot") == Exit.USAGE
        assert run(o.config, "x", "--wait", "3") == Exit.USAGE
        told = capsys.readouterr().err
        assert "M1800 --wait: " in told
        assert "\n  next: write it with its unit" in told
        assert run(o.config, "x", "--author", "a\nb") == Exit.USAGE
        assert run(o.config, "x") == Exit.UNREACHABLE  # there is no store yet

"""The tour of mdmctl that README gives: every command in a terminal, on a site where the cast has signed in.

Expected is what README says of each command: the devices and their results are those of lab/data/expected.toml.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from freeradius_mdm.lab.cast import LAPTOP, PHONE
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.site import Site
from tests.cli.terminal import Terminal
from tests.radius.conftest import QUIET, MakeSite

pytestmark = pytest.mark.skipif("MDM_TEST_CHROOT" in os.environ, reason="mdmctl runs beside this machine's FreeRADIUS")
README = Path(__file__).parents[2] / "README.md"
WIDE = 1200  # columns, so that no line is folded


@dataclass(frozen=True)
class Tour:
    """The site, and what its operator's commands are given."""

    site: Site

    @property
    def environment(self) -> dict[str, str]:
        return {"MDM_CONFIG": str(self.site.raddb / "mods-config/mdm/mdm.toml")}

    def run(self, *arguments: str, columns: int = WIDE) -> tuple[int, str]:
        """Exit status, and what is on the terminal."""
        with Terminal(arguments, columns=columns, rows=60, environment=self.environment) as terminal:
            return terminal.wait(), terminal.text

    def decision(self, user: str) -> str:
        return next(made.id for made in self.site.decisions() if made.user == user)


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory, new_site: MakeSite) -> Iterator[Tour]:
    with new_site(tmp_path_factory.mktemp("tour"), toml=dict(QUIET)) as site:
        site.load_start_table()
        with site.client() as client:
            members = site.cast().members()
            for number, member in enumerate(members, 1):
                member.sign_in(client)
                site.decisions(number)
        yield Tour(site)


def has(text: str, *patterns: str) -> None:
    """Each pattern matches some line, in this order."""
    lines = iter(text.splitlines())
    for pattern in patterns:
        assert any(re.search(pattern, line) for line in lines), f"no line {pattern!r}, in its order, in\n{text}"


def test_test(tour: Tour) -> None:
    status, text = tour.run("test", "--device", LAPTOP)
    assert status == 0
    has(
        text,
        "^Connection test of MDM server Intune$",
        "^ok +Key and certificate +they belong together",
        "^ok +Clock ",
        "^ok +Graph token ",
        "^ok +Address of CRS ",
        "^ok +CRS token and its role +get_device_compliance",
        "^ok +Server information +Microsoft Intune",
        "^ok +Look-up +median .* 200 ms, above 300 ms",
        f"intune {LAPTOP}, named on the command line: Registered, Compliant",
        "^Intune passed in .*1 warning",
    )


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["test"], "Graph token ..."),
        (["refresh", PHONE], "Intune is asked ..."),
        (["check"], "checking the configuration"),
    ],
)
def test_what_lasts_shows_its_progress(command: list[str], shown: str, tour: Tour) -> None:
    with Terminal(command, columns=WIDE, rows=60, environment=tour.environment) as terminal:
        assert terminal.wait() == 0
        assert shown in terminal.raw
        assert shown not in terminal.text  # it goes away


def test_check(tour: Tour) -> None:
    status, text = tour.run("check")
    assert status == 0
    has(
        text,
        r"5 rules, 6 profiles, 3 downloadable ACLs, 2 vendor families",
        r"radiusd -C",
        r"mdmd answers at",
        r"24 replies of 6 profiles to cisco-ios-xe, cisco-asa came as meant",
        r"^no errors, ",
    )


def test_explain(tour: Tour) -> None:
    status, text = tour.run("explain", "3c:06:30:11:22:33")
    assert status == 0
    has(
        text,
        rf"^identity +intune {PHONE} from certificate-uri, proven",
        "^record +Registered, NonCompliant",
        "^exemption +none",
        "1 +Compliant +MDM:DeviceCompliantStatus is NonCompliant",
        "2 +Not compliant +matched: profile Quarantine",
        "^result +accept: M1302 rule Not compliant",
        r"Tunnel-Private-Group-Id:1 +:= +666$",
        "^now +it would be decided the same",
    )


def test_show(tour: Tour) -> None:
    identifier = tour.decision("host/certificate-with-two-device-ids")
    status, text = tour.run("show", identifier[:8])
    assert status == 0
    has(text, f"^Decision {identifier}$", "^outcome +reject: M1110 two different ids")
    has(text, "^Steps$", "^1 .* M1001 ", "^2 .* M1110 ")


def test_lists(tour: Tour) -> None:
    status, text = tour.run("devices", "--state", "noncompliant")
    assert status == 0
    has(text, rf"^{PHONE} .*host/non-compliant-phone .*Quarantine")
    assert LAPTOP not in text
    status, text = tour.run("sessions", "--profile", "Enrolment")
    assert status == 0
    has(text, "host/unknown-device .*Not registered +Enrolment")
    status, text = tour.run("decisions", "--outcome", "reject")
    assert status == 0
    has(text, "expired-certificate", "two-device-ids", "daa119001122", "employee")
    assert "host/compliant-laptop" not in text
    status, text = tour.run("servers")
    assert status == 0
    has(text, r"^Intune +reachable ")
    status, text = tour.run("rules")
    assert status == 0
    has(text, r"1 +Compliant .*Employee +4 ", r"2 +Not compliant .*Quarantine +1 ", r"5 +Intune unreach.* 0 +never")


def test_live(tour: Tour) -> None:
    with Terminal(["live"], columns=160, rows=40, environment=tour.environment) as terminal:
        terminal.wait_for(lambda text: "host/expired-certificate" in text)
        with tour.site.client() as client:
            tour.site.cast().members()[0].sign_in(client)
        # The laptop again: its line says it twice.
        terminal.wait_for(lambda text: re.search(r"accept +[0-9a-f]{8} 2 +host/compliant-laptop", text) is not None)
        terminal.press("\x03")
        assert terminal.wait() == 0
        assert terminal.is_restored


def test_refresh_exempt_and_coa(tour: Tour) -> None:
    status, text = tour.run("refresh", PHONE)
    assert status == 0
    has(text, "^before +Registered, NonCompliant", "^now +Registered, NonCompliant.* answered now")
    reason = "repair, ticket 4711"
    status, text = tour.run("exempt", PHONE, "--until", "2d", "--profile", "Employee", "--reason", reason)
    assert status == 0
    identifier = re.search(r"\bexemption +([0-9a-f]{12})\b", text)
    assert identifier is not None, text
    status, text = tour.run("exempt", "list")
    assert status == 0
    has(text, f"{identifier[1]}.*Employee.*{reason}")
    status, text = tour.run("explain", PHONE)
    has(text, f"^exemption +.*{identifier[1]}", "Tunnel-Private-Group-Id:1 +:= +EMPLOYEES")
    status, text = tour.run("exempt", "end", identifier[1], "--reason", "it is back")
    assert status == 0
    wait_for(lambda: "Employee" not in tour.run("exempt", "list")[1], "the exemption has ended", 10)
    # The lab's switch has no port for CoA: the order is given, and what comes of it is for the sessions to tell.
    status, text = tour.run("coa", "00-50-56-a1-b2-c3", "--no-wait")
    assert status == 0
    has(text, "^order .*by root: the usual action", "^mdmd carries it out")


def test_cert_codes_manual_completion(tour: Tour) -> None:
    status, text = tour.run("cert", "show")
    assert status == 0
    has(text, "^Intune, client id ", "belongs to the certificate", "SHA-1 +[0-9A-F]{40}", "SHA-256 +[0-9A-F]{64}")
    status, text = tour.run("codes", "AADSTS700027")
    assert status == 0
    has(text, "upload this certificate")
    status, text = tour.run("manual")
    assert (status, text.splitlines()[0][:3]) == (0, ".TH") or text.startswith('.\\"')
    status, text = tour.run("completion", "bash")
    assert status == 0
    has(text, "complete .*mdmctl")


def test_a_server_is_switched_on_after_its_test(tour: Tour) -> None:
    """The file says `enabled = false` in between only in a copy: the site's one server can't be switched off."""
    status, text = tour.run("disable", "Intune")
    assert status == 1
    has(text, "^M1812 .* no MDM server is enabled$", "^  next: enable another server first")
    status, text = tour.run("enable", "Intune")
    assert status == 0
    has(text, "^Intune is enabled already")
    file = Path(tour.environment["MDM_CONFIG"]).resolve()
    off = file.with_name("off.toml")
    off.write_text(
        file.read_text(encoding="utf-8").replace("\nenabled = true", "\nenabled = false", 1), encoding="utf-8"
    )
    status, text = tour.run("--config", str(off), "enable", "Intune")
    assert status == 0
    has(text, "^ok +Server information ", "^Intune passed in ", "^Intune is enabled: enabled = true in ")
    assert "\nenabled = true" in off.read_text(encoding="utf-8")


def test_a_new_certificate_is_not_switched_to_before_its_upload(tour: Tour) -> None:
    status, text = tour.run("cert", "new", "Intune")
    assert status == 0
    has(text, "^New key and certificate for Intune, not yet in use", "SHA-1 +[0-9A-F]{40}", "Upload certificate")
    status, text = tour.run("cert", "switch", "Intune")
    assert status == 1
    has(text, "^M1842 Entra does not know .*AADSTS700027", "^  next: .*Upload certificate")


def test_errors_say_the_next_step(tour: Tour) -> None:
    status, text = tour.run("show", "ffffffff")
    assert status == 5
    has(text, "^M1806 ", "  next: ")
    status, text = tour.run("decisions", "--outcome", "maybe")
    assert status == 2
    has(text, "^M1800 .*'maybe'.*'accept', 'reject'", "^  next: mdmctl decisions --help")


def test_json_is_one_document(tour: Tour) -> None:
    lists = [["devices"], ["sessions"], ["decisions"], ["servers"], ["rules"]]
    for command in (*lists, ["explain", PHONE], ["check", "--no-loopback"]):
        status, text = tour.run(*command, "--json")
        assert status == 0
        assert json.loads(text[text.index(text.lstrip()[0]) :]), command


def test_readme_names_only_commands_that_are_here(tour: Tour) -> None:
    """Every `mdmctl ...` line of README's tour is understood, with its arguments."""
    status, help_ = tour.run("--help")
    assert status == 0
    named = re.findall(r"^\$ mdmctl (\w+)", README.read_text(encoding="utf-8"), re.MULTILINE)
    # Those that only print a script or a page are told of in a sentence.
    there = re.findall(r"^    (\w+) ", help_[help_.index("commands:") :], re.MULTILINE)
    assert set(named) == set(there) - {"enable", "disable", "manual", "completion"}

"""`mdmctl explain` beside a real radiusd: each decision by its id, and the request as radclient prints it.

Whatever a network device may send: plausible and odd MAB, password and VPN logins from radclient, and EAP-TLS devices.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.cli.main import main
from freeradius_mdm.decision import Decision
from freeradius_mdm.lab.processes import Process
from freeradius_mdm.lab.raddb import AUTHORIZE_ONLY_CLIENT, SECRET, VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.radius import attributes as wire
from freeradius_mdm.lab.site import Site
from freeradius_mdm.operations.explain.paste import quoted
from tests.radius import expect
from tests.radius.conftest import QUIET
from tests.radius.endpoint import Endpoint

pytestmark = pytest.mark.skipif(shutil.which("radclient") is None, reason="radclient is not installed")
NewEndpoint = Callable[[Site], Endpoint]
Explain = Callable[..., dict[str, Any]]
COUNT = 60
# What else a rule can stand on: quotes, escapes and other alphabets in what a device sends, numbers with names, groups.
POLICY = """\
[[rules]]
name = "A quote: \\\\ and \\""
when = { "Radius:Connect-Info" = { regex = '.*["\\\\].*' }, "NAS:Kind" = { not = "vpn" } }
profile = "Quoted"

[[rules]]
name = "Cyrillic"
when = { "Radius:Connect-Info" = { prefix = "Привет" } }
profile = "Employee"

[[rules]]
name = "Control"
when = { "Radius:Connect-Info" = { regex = "(?s)a.\\u0001b" } }
profile = "Reject"

[[rules]]
name = "Groups"
any = [
  { "Radius:NAS-Port-Type" = "Wireless-802.11", "MDM:DeviceCompliantStatus" = "Compliant" },
  { "Radius:Service-Type" = "Call-Check", "MDM:DeviceCompliantStatus" = "NonCompliant", "Radius:Class" = "0x6f6464" },
]
profile = "Voice"

[[rules]]
name = "Compliant"
when = { "MDM:DeviceCompliantStatus" = "Compliant" }
profile = "Employee"

[[rules]]
name = "Not compliant"
when = { "MDM:DeviceCompliantStatus" = "NonCompliant" }
profile = "Quarantine"

[[rules]]
name = "Named port"
when = { "Radius:NAS-Port" = { regex = "1[0-9]*" }, "MDM:IdentitySource" = ["none", "mac"] }
profile = "Voice"

[[rules]]
name = "Unreachable"
when = { "MDM:MDMServerReachable" = "UnReachable" }
profile = "Employee"

[profiles.Employee]
vlan = "EMPLOYEES"
dacl = "PERMIT-INTRANET"

[profiles.Employee.for.cisco-asa]
without = ["vlan"]

[profiles.Quarantine]
vlan = 666

[profiles.Quarantine.for.cisco-asa]
without = ["vlan"]

[profiles.Voice]
families = ["cisco-ios-xe"]
voice = true
reauthentication = "10m"

[profiles.Quoted]
filter_id = 'a\\b'

[profiles.Monitor]

[profiles.Reject]
access = "reject"
reply_message = "not here"
"""


@pytest.fixture(scope="module")
def site(new_site: Callable[..., Site], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with new_site(tmp_path_factory.mktemp("site"), toml=dict(QUIET), policy=POLICY) as running:
        yield running


@pytest.fixture
def explain(site: Site, capsys: pytest.CaptureFixture[str]) -> Explain:
    """What `mdmctl explain --json` prints."""

    def run(*arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        assert main(["--config", str(site.mdm_toml), "explain", "--json", *arguments]) == 0
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    return run


CONNECT_INFO = ("plain", 'a "b" \\c', "Привет, мир", "a\n\x01b", "é" * 20, "%{User-Name}", "  ", "a\tb, c = d")
AV_PAIRS = (
    "coa-push=true",
    "psk=hunter2hunter2",
    'x="y"',
    "mdm-tlv=device-platform=win",
    "url-redirect=https://x/?a=b",
)


def requests(macs: list[str]) -> list[list[str]]:
    """radclient's lines, always the same ones: a marker in Acct-Session-Id tells the decision."""
    chance = random.Random(5)  # noqa: S311 no secret
    made = []
    for number in range(COUNT):
        mac = chance.choice([*macs, "02-AA-54-AA-BB-05", "not a mac"])
        match chance.choice(["mab", "mab", "pap", "vpn"]):
            case "mab":
                name = chance.choice([mac.replace("-", "").lower(), mac, mac.replace("-", ":")])
                lines = [f"User-Name = {quoted(name)}", f"User-Password = {quoted(name)}"]
                lines += [f"Service-Type = {chance.choice(['Call-Check', '10'])}"]
                lines += [f"NAS-Port-Type = {chance.choice(['Ethernet', '15', 'Wireless-802.11', 'Async'])}"]
                lines += [f"Calling-Station-Id = {quoted(mac)}"]
            case "pap":
                password = chance.choice([VPN_PASSWORD, VPN_PASSWORD, VPN_PASSWORD, "wrong"])
                lines = [f"User-Name = {quoted(VPN_USER)}", f"User-Password = {quoted(password)}"]
                lines += [f"NAS-Port-Type = {chance.choice(['Ethernet', 'Wireless-802.11', 'Virtual'])}"]
                lines += [f"Calling-Station-Id = {quoted(mac)}"] if chance.random() < 0.7 else []
            case _:
                lines = [f"User-Name = {quoted(VPN_USER)}", f"User-Password = {quoted(VPN_PASSWORD)}"]
                lines += ["NAS-Port-Type = Virtual", 'Tunnel-Client-Endpoint = "198.51.100.37"']
                lines += [f"Cisco-AVPair += {quoted(f'mdm-tlv=device-mac={mac}')}", "NAS-Port = 16384"]
        for name, values in (("Connect-Info", CONNECT_INFO), ("Cisco-AVPair", AV_PAIRS), ("Class", ("odd", "0x00ff"))):
            if chance.random() < 0.5:
                lines.append(f"{name} {'+=' if name == 'Cisco-AVPair' else '='} " + _spelt(chance.choice(values)))
        lines.append(f"NAS-Port = {chance.choice([1, 10, 4294967295])}")
        lines.append(f'Acct-Session-Id = "explained-{number}"')
        made.append([*lines, "NAS-IP-Address = 192.0.2.10", "Message-Authenticator = 0x00"])
    return made


def _spelt(value: str) -> str:
    return value if value.startswith("0x") else quoted(value)


def send(site: Site, lines: list[str]) -> str:
    """Send it; returns what radclient prints of the request."""
    command = ["radclient", "-x", "-r", "1", "-t", "8", f"127.0.0.1:{site.ports.radius}", "auth", SECRET]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=False, timeout=20)
    sent, received, _ = done.stdout.partition("Received ")
    assert received, done.stdout + done.stderr
    return sent


SAME = ("outcome", "rule", "profile", "reason_code", "family", "identity", "identity_source", "access", "mac", "user")


def given(decision: dict[str, Any] | Decision) -> list[object]:
    read = decision.get if isinstance(decision, dict) else lambda name: getattr(decision, name)
    return [read(name) for name in SAME]


def attributes(pairs: list[list[str]] | tuple[tuple[str, str], ...], *, whole: bool) -> list[tuple[str, str]]:
    """In order; without what differs from one moment, and one decision, to the next unless `whole`."""
    passing = () if whole else ("Class", "Session-Timeout")
    return sorted((name.removesuffix(":0"), value) for name, value in pairs if name not in passing)


def test_every_decision_is_explained(site: Site, new_endpoint: NewEndpoint, explain: Explain, tmp_path: Path) -> None:
    endpoints = [new_endpoint(site) for _ in range(4)]
    for number, endpoint in enumerate(endpoints[:3]):
        endpoint.enrol(compliant=bool(number), macs=[endpoint.mac])
    sent = [send(site, lines) for lines in requests([endpoint.mac for endpoint in endpoints])]
    rules = set()
    for number, printed in enumerate(sent):
        made = expect.decision(site, acct_session_id=f"explained-{number}")
        told = explain(made.id)
        rules.add(made.rule or made.reason_code)
        file = tmp_path / f"{number}.txt"
        file.write_text(printed, encoding="utf-8")
        pasted = explain(str(file), "--client", "127.0.0.1")
        if made.reason_code == "M1003":
            assert told["comparison"]["same"] is None
            continue
        then = told["comparison"]["then"]
        assert given(then["decision"]) == given(made), printed
        assert told["comparison"]["same"], (printed, told["comparison"])
        assert attributes(then["sent"], whole=True) == attributes(made.attributes, whole=True), printed
        assert given(pasted["now"]["decision"]) == given(made), printed
        assert attributes(pasted["now"]["sent"], whole=False) == attributes(made.attributes, whole=False), printed
        assert "hunter2" not in json.dumps([told, pasted])
    # The fuzz is worth something: every rule of the policy, rejects by the policy and before it.
    assert rules >= {'A quote: \\ and "', "Cyrillic", "Control", "Groups", "Compliant", "Not compliant", "Named port"}
    assert rules >= {"M1003", "M1305"}


@pytest.mark.parametrize(("compliant", "rule"), [(True, "Compliant"), (False, "Not compliant")])
def test_a_certificate_device(
    compliant: bool, rule: str, site: Site, new_endpoint: NewEndpoint, explain: Explain, tmp_path: Path
) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(compliant=compliant)
    endpoint.sign_in()
    made = expect.decision(site, identity=endpoint.device_id)
    assert made.rule == rule
    told = explain(endpoint.device_id)
    assert told["subject"]["decision"]["id"] == made.id
    assert given(told["comparison"]["then"]["decision"]) == given(made)
    assert told["comparison"]["same"], told["comparison"]
    file = tmp_path / "paste"
    lines = [f"{name} = {quoted(value)}" for name, value in made.request if not name.startswith("MDM-Not-Kept")]
    file.write_text("\n".join([*lines, "EAP-Message = 0x0201000a0d0000000000"]), encoding="utf-8")
    assert given(explain(str(file))["now"]["decision"]) == given(made)


def test_from_a_network_device_of_its_own(site: Site, explain: Explain, tmp_path: Path) -> None:
    """The family stands in its client section of FreeRADIUS, where a paste's is read too."""
    with site.client(AUTHORIZE_ONLY_CLIENT) as client:
        encoded = wire.encode((("User-Name", VPN_USER), ("Acct-Session-Id", "own"), ("NAS-Port-Type", 15)))
        client.exchange(client.access_request(encoded, password=VPN_PASSWORD))
    made = expect.decision(site, acct_session_id="own")
    assert (made.family, made.reason_code, made.nas_name) == ("cisco-asa", "M1305", "lab-saml-headend")
    assert explain(made.id)["comparison"]["same"]
    file = tmp_path / "paste"
    file.write_text(f'User-Name = "{VPN_USER}"\nNAS-Port-Type = Ethernet\n', encoding="utf-8")
    for client_name in (AUTHORIZE_ONLY_CLIENT, "lab-saml-headend"):
        told = explain(str(file), "--client", client_name)
        assert [told["now"]["decision"][name] for name in ("family", "reason_code", "nas_name")] == [
            "cisco-asa",
            "M1305",
            "lab-saml-headend",
        ]


def test_the_log_of_radiusd_x(site: Site, new_endpoint: NewEndpoint, explain: Explain) -> None:
    """A whole debug log: its first request, with the certificate that the eap module tells of six packets later."""
    endpoint, other = new_endpoint(site), new_endpoint(site)
    endpoint.enrol()
    other.enrol()
    site.radiusd.stop()
    log = site.log_directory / "debug.log"
    log.unlink(missing_ok=True)
    debugging = Process(site.host.command("-X", "-d", str(site.raddb)), log)
    try:
        debugging.ready_when(
            lambda: "Ready to process requests" in log.read_text(errors="replace"), "radiusd -X is ready"
        )
        endpoint.sign_in()
        other.sign_in()
    finally:
        debugging.stop()
        site.start_radiusd()
    made = expect.decision(site, identity=endpoint.device_id)
    told = explain(str(log))
    assert given(told["now"]["decision"]) == given(made)
    assert told["now"]["decision"]["nas_name"] == made.nas_name == "lab-switch"
    assert attributes(told["now"]["sent"], whole=False) == [
        pair for pair in attributes(made.attributes, whole=False) if pair[0] not in ("User-Name", "Framed-MTU")
    ]
    assert told["subject"]["assumptions"] == [
        "the network device: lab-switch, 127.0.0.1, from the head above the request",
        "vendor family: cisco-ios-xe, the default of mdm.toml",
        "the EAP method: EAP-TLS, since there is a certificate",
    ]


def test_a_changed_policy_is_found(site: Site, new_endpoint: NewEndpoint, explain: Explain) -> None:
    """The negative control: mdm.toml has another VLAN now, which radiusd gives from then on too."""
    endpoint = new_endpoint(site)
    endpoint.enrol(compliant=False, macs=[endpoint.mac])
    digits = endpoint.mac.replace("-", "").lower()
    lines = [f'User-Name = "{digits}"', f'User-Password = "{digits}"', "Service-Type = Call-Check"]
    send(site, [*lines, "NAS-Port-Type = Ethernet", "Message-Authenticator = 0x00"])
    made = expect.decision(site, identity=digits.upper())
    text = site.mdm_toml.read_text(encoding="utf-8")
    try:
        site.mdm_toml.write_text(re.sub("vlan = 666", "vlan = 667", text), encoding="utf-8")
        compared = explain(made.id)["comparison"]
    finally:
        site.mdm_toml.write_text(text, encoding="utf-8")
    assert compared["same"] is False
    assert compared["differences"] == ["Tunnel-Private-Group-Id:1 is 666 then, now 667"]
    assert [change["cause"] for change in compared["changes"]] == ["policy"]
    assert explain(made.id)["comparison"]["same"]

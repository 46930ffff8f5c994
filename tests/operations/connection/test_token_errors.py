"""Every row of the table of token errors (intune.md section 2.5): the step that fails, what it shows, its remedy.

Status, error and code are copied by hand from the table, the words of the remedy from its column "Operator must".
What can be produced for real (another certificate, a wrong secret, a client id nobody has) is; the rest is switched on
in the simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from freeradius_mdm.lab.certificates import KeyType
from freeradius_mdm.lab.microsoft import clouds
from freeradius_mdm.lab.pki import LabPki

from .bench import CLIENT, OLD_SECRET, Site

GRAPH, CRS = "Graph token", "CRS token and its role"
UNKNOWN = "99999999-8888-7777-6666-555555555555"


@dataclass(frozen=True)
class Row:
    """`make` switches the fault on. `status`: None where the table has two. `remedy`: words that must be there."""

    code: int
    status: int | None
    error: str
    remedy: tuple[str, ...]
    make: Callable[[Site, LabPki], Any]
    step: str = GRAPH
    seen: str = ""


def fault(name: str, **options: Any) -> Callable[[Site, LabPki], Any]:
    return lambda site, pki: site.sim.fault(name, **options)


def aadsts(code: int) -> Callable[[Site, LabPki], Any]:
    return fault("aadsts", code=str(code))


def wrote(**changes: Any) -> Callable[[Site, LabPki], Any]:
    return lambda site, pki: site.write(**changes)


def application(**values: Any) -> Callable[[Site, LabPki], Any]:
    return lambda site, pki: site.sim.change_application(CLIENT, **values)


def secret(text: str) -> Callable[[Site, LabPki], Any]:
    return lambda site, pki: site.write(**site.secret(text))


def another_certificate(site: Site, pki: LabPki) -> None:
    site.sim.change_application(CLIENT, certificates=[pki.application("another").cert_file.read_text()])


UPLOAD = (
    "upload this certificate to the app registration",
    "compare the fingerprints",
    "upload the new one first and switch after",
)
RS256 = ('assertion_mode = "rs256"', "clock")
VALUE = ("VALUE",)
CONSENT = ("grant admin consent",)
LICENCE = ("Intune", "licence", "scope", "cloud")

ROWS = {
    "700027 not found": Row(700027, 401, "invalid_client", UPLOAD, another_certificate, seen="The key was not found."),
    "700027 expired": Row(
        700027, 401, "invalid_client", UPLOAD, fault("cert-expired"), seen="The key used is expired."
    ),
    "700024": Row(700024, 401, "invalid_client", ("clock", "NTP"), fault("clock-skew"), seen="expiry time"),
    "50012": Row(50012, 401, "invalid_client", ("tenant", "login host"), aadsts(50012)),
    "50027": Row(50027, 401, "invalid_client", ("certificate_file", "report a defect"), aadsts(50027)),
    "50032": Row(50032, 401, "invalid_client", ("new certificate", "2048"), aadsts(50032)),
    "5002738": Row(5002738, None, "", RS256, fault("alg-refused")),
    "500133": Row(500133, None, "", RS256, aadsts(500133)),
    "7000215": Row(7000215, 401, "invalid_client", VALUE, secret("c~Not.The.Right.One"), seen="client secret value"),
    "7000215 the secret's ID": Row(7000215, 401, "invalid_client", VALUE, secret(UNKNOWN)),
    "7000222": Row(7000222, 401, "invalid_client", ("new one", "certificate"), secret(OLD_SECRET)),
    "7000218": Row(7000218, 401, "invalid_client", ("configure", "client_secret_file"), aadsts(7000218)),
    "700016": Row(
        700016, 400, "unauthorized_client", ("client_id", "tenant", "cloud"), wrote(client_id=UNKNOWN), seen=UNKNOWN
    ),
    "7000229": Row(7000229, 400, "unauthorized_client", CONSENT, application(service_principal=False)),
    "7000112": Row(7000112, 400, "unauthorized_client", ("Enterprise applications",), application(disabled=True)),
    "90002 at the token": Row(
        90002, 400, "invalid_request", ("tenant", "cloud"), fault("tenant-missing", path="*oauth2*")
    ),
    "90002 at the OIDC document": Row(90002, 400, "invalid_tenant", ("tenant", "cloud"), wrote(tenant=UNKNOWN)),
    "500011": Row(
        500011,
        400,
        "invalid_resource",
        LICENCE,
        wrote(scope="https://api.manage.microsoft.us//.default"),
        step=CRS,
        seen="https://api.manage.microsoft.us/",
    ),
    "500014": Row(
        500014,
        400,
        "invalid_resource",
        LICENCE,
        lambda site, pki: site.sim.change_tenant(intune="disabled"),
        step=CRS,
        seen="disabled",
    ),
    "70011": Row(
        70011,
        400,
        "invalid_scope",
        ("scope", "https://<resource>//.default"),
        fault("aadsts", code="70011", nth=2),
        step=CRS,
    ),
    "65001": Row(65001, 400, "invalid_grant", CONSENT, aadsts(65001)),
    "53003": Row(53003, 400, "", ("exclude it", "public address"), fault("ca-block")),
    "50049": Row(50049, 400, "invalid_instance", ("login_host",), aadsts(50049)),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_names_its_remedy(name: str, site: Site, pki: LabPki) -> None:
    row = ROWS[name]
    row.make(site, pki)
    said = site.test()
    assert said.status == 1
    assert said.failed == row.step
    assert said.out.splitlines()[-1] == f"Intune FAILED at {row.step}: M1210"
    line = said.below(row.step)[0]
    status = "40" if row.status is None else f"{row.status} {row.error}"
    assert line.startswith(f"M1210 Entra refused a token: HTTP {status}")
    assert f"; AADSTS{row.code}: " in line
    assert row.seen in line
    assert "correlation id " in line
    assert "timestamp 20" in line
    for words in row.remedy:
        assert words in said.advice


def test_the_rows_are_those_of_the_reference() -> None:
    """By hand from the column AADSTS; 5002730 has a test of its own below."""
    numbers = """700027 700024 50012 50027 50032 5002738 5002730 500133 7000215 7000222 7000218 700016 7000229 7000112
        90002 500011 500014 70011 65001 53003 50049"""
    assert {row.code for row in ROWS.values()} | {5002730} == set(map(int, numbers.split()))


def test_our_fingerprints_stand_beside_700027(site: Site, pki: LabPki) -> None:
    another_certificate(site, pki)
    line = site.test().below(GRAPH)[0]
    assert site.app.sha1 in line
    assert site.app.sha256 in line


def test_5002730_of_a_cloud_without_pss_and_that_its_remedy_helps(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    without_pss = replace(clouds.CLOUDS["global"], refuses_pss=True)
    monkeypatch.setitem(clouds.CLOUDS, "global", without_pss)
    said = site.test()
    assert said.failed == GRAPH
    assert "; AADSTS5002730: " in said.below(GRAPH)[0]
    assert 'assertion_mode = "rs256"' in said.advice
    site.write(assertion_mode="rs256")
    assert site.test().status == 0


def test_700024_for_real_is_seen_at_the_clock_before_entra_is_asked(site: Site) -> None:
    # Entra takes an assertion until 300 s behind its end, which MSAL sets 600 s ahead.
    site.sim.advance(1000)
    said = site.test()
    assert said.status == 1
    assert said.failed == "Clock"
    assert said.below("Clock")[0].startswith("M1810 this machine's clock is ")
    assert "s behind login.microsoftonline.com" in said.below("Clock")[0]
    assert "NTP" in said.advice
    assert not [entry for entry in site.sim.journal() if entry.operation == "token"]


def test_50032_for_real_is_seen_at_the_files(site: Site, pki: LabPki) -> None:
    weak = pki.application("weak", key_type=KeyType.RSA_1024)
    site.write(certificate_file=weak.cert_file, key_file=weak.key_file)
    said = site.test()
    assert said.failed == "Key and certificate"
    assert said.below("Key and certificate")[0] == f"M1212 the credential can't be used: {weak.cert_file} has 1024 bit"
    assert "2048" in said.advice
    assert not site.sim.journal()


def test_70011_in_the_configuration(site: Site) -> None:
    site.write(scope="https://api.manage.microsoft.com//.default offline_access")
    said = site.test()
    assert said.failed == "Configuration"
    assert "https://api.manage.microsoft.com//.default" in said.out


def test_65001_app_only_is_a_token_without_a_role(site: Site) -> None:
    """intune.md section 2.4: Entra issues tokens when nothing was consented to; only the API refuses."""
    site.sim.change_application(CLIENT, roles=["Application.Read.All"])
    said = site.test()
    assert said.failed == CRS
    assert said.below(CRS)[0] == ("M1211 the token lacks a permission: get_device_compliance; roles in the token: none")
    for words in ("get_device_compliance", "7ec88bad-30c7-4928-a005-4455362cfd98", "Microsoft Intune API",
                  "c161e42e-d4df-4a3d-9b42-e7a3c31f59d4", "grant admin consent"):  # fmt: skip
        assert words in said.advice


def test_what_was_switched_on_was_the_cause(site: Site, pki: LabPki) -> None:
    """The control of all of the above: mended, the same site passes."""
    another_certificate(site, pki)
    assert site.test().status == 1
    site.sim.reset()
    said = site.test()
    assert (said.status, said.failed) == (0, "")

"""Steps 2 to 4: the credential's files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from freeradius_mdm.lab.certificates import KeyType
from freeradius_mdm.lab.pki import LabPki
from freeradius_mdm.mdm import credential_files
from freeradius_mdm.operations.connection import files
from freeradius_mdm.operations.connection.reader import Reader

from .bench import CLIENT, SECRET, Site

FILE, PAIR, CERTIFICATE, ENTRY = "Credential file", "Key and certificate", "Certificate", "Application entry"
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to another user")


def let_others_pass(directory: Path) -> None:
    """pytest's own directories can be entered by their owner only."""
    for place in (directory, *directory.parents):
        mode = place.stat().st_mode
        if not mode & stat.S_IXOTH:
            place.chmod(mode | stat.S_IXOTH)


@pytest.mark.parametrize("mode", [0o640, 0o644, 0o604, 0o660])
def test_a_key_that_others_can_read(mode: int, site: Site) -> None:
    """mdmd refuses such a key, and so does the test; the command that mends it stands there."""
    key = site.copy_key(mode=mode)
    site.write(key_file=key)
    said = site.test()
    assert said.failed == FILE
    assert said.below(FILE)[0] == (
        f"M1212 the credential can't be used: {key} can be read or written by others (mode {mode:04o})"
    )
    assert said.advice == f"chmod 0400 {key}, owned by mdmd's user"
    assert not site.sim.journal()
    key.chmod(0o400)
    assert site.test().status == 0


def test_a_key_that_is_not_there(site: Site) -> None:
    site.write(key_file=site.directory / "gone.key")
    said = site.test()
    assert said.failed == FILE
    assert said.below(FILE)[0].endswith(f"{site.directory / 'gone.key'} can't be read: No such file or directory")
    assert "then mdmctl cert new Intune makes both anew" in said.advice
    site.write(key_file=site.directory / "gone.key", certificate_file=site.directory / "gone.pem")
    assert site.test().advice == "mdmctl cert new Intune, which makes key and certificate"


@pytest.mark.parametrize(("owner", "users"), [("root", "root; mdmd"), ("mdmd", "root or as mdmd; mdmd")])
def test_who_may_run_it(owner: str, users: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without the right is told who has it, nobody twice."""

    def denied(*_: object, **__: object) -> bytes:
        raise credential_files.unusable("x can't be read: Permission denied", "")

    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    monkeypatch.setattr(credential_files, "read", denied)
    monkeypatch.setattr(files, "mdmd_user", lambda _: Reader(owner, 0, frozenset()))
    assert site.test().advice == f"run mdmctl as {users} has to be able to read it"


@as_root
def test_a_key_that_mdmds_user_can_t_read(site: Site) -> None:
    """mdmd's user is the owner of the state directory."""
    os.chown(site.directory / "state", NOBODY, NOBODY)
    key = site.copy_key(mode=0o400)
    site.write(key_file=key)
    let_others_pass(site.directory)
    let_others_pass(site.app.cert_file.parent)
    said = site.test()
    assert said.failed == FILE
    assert said.below(FILE)[:2] == [
        f"M1212 mdmd can't read {key}",
        f"nobody may not read {key} (mode 0400, owner root)",
    ]
    assert said.advice == f"chown nobody {key} && chmod 0400 {key}"
    os.chown(key, NOBODY, NOBODY)
    assert site.test().status == 0


@as_root
def test_a_directory_that_mdmds_user_can_t_enter(site: Site) -> None:
    os.chown(site.directory / "state", NOBODY, NOBODY)
    closed = site.directory / "closed"
    closed.mkdir(0o700)
    key = site.copy_key("closed/own.key", mode=0o400)
    os.chown(key, NOBODY, NOBODY)
    let_others_pass(site.directory)
    site.write(key_file=key)
    assert site.test().below(FILE)[1] == f"nobody may not enter {closed} (mode 0700, owner root)"


def test_a_key_of_another_certificate(site: Site, pki: LabPki) -> None:
    other = pki.application("other")
    site.write(key_file=other.key_file)
    said = site.test()
    assert said.mark(FILE) == "ok"
    assert said.failed == PAIR
    assert said.below(PAIR)[0] == (
        f"M1212 the credential can't be used: {other.key_file} does not belong to {site.app.cert_file}"
    )
    assert said.advice.startswith("name the key this certificate was made with")


@pytest.mark.parametrize("content", ["", "no PEM at all"])
def test_what_is_no_certificate(content: str, site: Site) -> None:
    file = site.directory / "c.pem"
    file.write_text(content, encoding="utf-8")
    site.write(certificate_file=file)
    assert site.test().failed == PAIR


def test_a_key_that_is_no_rsa(site: Site, pki: LabPki) -> None:
    other = pki.application("elliptic", key_type=KeyType.EC_256)
    site.write(certificate_file=other.cert_file, key_file=other.key_file)
    said = site.test()
    assert said.failed == PAIR
    assert "Entra takes RSA only" in said.advice


def test_a_certificate_that_has_expired(site: Site, pki: LabPki) -> None:
    old = pki.application("old", days=-2)
    site.write(certificate_file=old.cert_file, key_file=old.key_file)
    said = site.test()
    assert said.mark(PAIR) == "ok"
    assert said.failed == CERTIFICATE
    first, subject, sha1, sha256 = said.below(CERTIFICATE)[:4]
    assert first.startswith(f"M1212 the credential can't be used: {old.cert_file} expired on 20")
    assert (subject, sha1, sha256) == ("CN=old", f"SHA-1 {old.sha1}", f"SHA-256 {old.sha256}")
    assert "upload it to the app registration, then switch" in said.advice
    assert not site.sim.journal()


@pytest.mark.parametrize(("days", "mark"), [(29.5, "warning"), (5, "warning"), (30.5, "ok"), (200, "ok")])
def test_a_certificate_that_expires_soon(days: float, mark: str, site: Site, pki: LabPki) -> None:
    soon = pki.application("soon", days=days)
    site.sim.change_application(CLIENT, certificates=[soon.cert_file.read_text()])
    site.write(certificate_file=soon.cert_file, key_file=soon.key_file)
    said = site.test()
    assert said.status == 0
    assert said.mark(CERTIFICATE) == mark
    # The portal's entry says the same.
    assert said.mark(ENTRY) == mark
    assert any("switch after that" in line for line in said.below(CERTIFICATE)) == (mark == "warning")


def test_fingerprints_stand_there_as_the_portal_shows_them(site: Site) -> None:
    lines = site.test().below(CERTIFICATE)
    assert lines == [f"SHA-1 {site.app.sha1}", f"SHA-256 {site.app.sha256}"]
    assert len(site.app.sha1) == 40
    assert site.app.sha1 == site.app.sha1.upper()


def test_a_secret(site: Site) -> None:
    site.write(**site.secret(SECRET))
    said = site.test()
    assert said.status == 0
    assert said.mark(PAIR) == "skipped"
    assert said.mark(CERTIFICATE) == "ok"
    line = next(rest for _, rest in said.steps if rest.startswith(ENTRY))
    assert "our secret is 'lab secret', until 20" in line


def test_a_stray_newline_does_no_harm_and_is_told(site: Site) -> None:
    site.write(**site.secret(SECRET + "\n"))
    said = site.test()
    assert said.status == 0
    assert said.below(CERTIFICATE) == ["the newline in the file is not part of it and is not sent"]


@pytest.mark.parametrize("text", ["two words", "one\ntwo\n", ""])
def test_what_is_no_secret(text: str, site: Site) -> None:
    site.write(**site.secret(text))
    said = site.test()
    assert said.failed == CERTIFICATE
    assert "put only the secret's VALUE into it" in said.advice


def test_a_secret_that_looks_like_its_id(site: Site) -> None:
    changes = site.secret("12345678-1111-2222-3333-444444444444")
    site.write(**changes)
    said = site.test()
    assert said.mark(CERTIFICATE) == "warning"
    assert said.below(CERTIFICATE) == [
        f"next: put the secret's VALUE, not its ID, into {changes['client_secret_file']}"
    ]
    assert said.failed == "Graph token"


def test_a_certificate_is_uploaded_under_another_name(site: Site) -> None:
    """ise.md section 1.2: displayName of the keyCredentials entry against the certificate's common name."""
    site.sim.change_application(CLIENT, key_name="CN=radius1.example.net")
    said = site.test()
    assert said.status == 0
    assert said.mark(ENTRY) == "warning"
    assert "displayName 'CN=radius1.example.net' is not the certificate's CN, 'mdmd'" in said.below(ENTRY)
    assert any("set displayName of that keyCredentials entry" in line for line in said.below(ENTRY))


@pytest.mark.parametrize("name", ["CN=mdmd", "mdmd", "cn=MDMD"])
def test_the_name_is_compared_without_cn_and_without_case(name: str, site: Site) -> None:
    site.sim.change_application(CLIENT, key_name=name)
    assert site.test().mark(ENTRY) == "ok"


def test_another_certificate_of_the_application_expires_soon(site: Site, pki: LabPki) -> None:
    soon = pki.application("radius2", days=3.2)
    pems = [site.app.cert_file.read_text(), soon.cert_file.read_text()]
    site.sim.change_application(CLIENT, certificates=pems)
    said = site.test()
    assert said.mark(ENTRY) == "warning"
    ends = f"{soon.certificate.not_valid_after_utc:%Y-%m-%d}"
    assert f"certificate 'CN=radius2' ends on {ends}, in 3 d" in said.below(ENTRY)


def test_nothing_of_the_key_is_left_behind(site: Site, tmp_path: Path) -> None:
    before = {file.name for file in tmp_path.iterdir()}
    site.test()
    assert {file.name for file in tmp_path.iterdir()} == before

"""Renewal without an outage: proved first, then exchanged so that every reader finds a pair, also when interrupted."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1

from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm import credentials
from freeradius_mdm.mdm.intune import IntuneSource
from freeradius_mdm.operations.certificate.new import Wanted
from freeradius_mdm.operations.certificate.switch import exchange, switch
from freeradius_mdm.operations.codes import OperationCode
from freeradius_mdm.operations.errors import OperationError
from tests.mdm.bench import DEADLINE, FakeClock, by_guid

from .bench import CLIENT, QUICK, Site, certificate

_SHA1 = SHA1()  # noqa: S303  what the portal shows
TOKEN_LIFE = 4000.0  # seconds; Entra's tokens live an hour


class Killed(BaseException):
    """What a kill is to the code it hits: nothing runs after it."""


def killed_at(step: int) -> Callable[[Path, Path], None]:
    """A rename that is the last thing done before a kill: `step` 0 is before the first one."""
    done = 0

    def rename(old: Path, new: Path) -> None:
        nonlocal done
        if done == step:
            raise Killed
        done += 1
        old.replace(new)

    return rename


@pytest.fixture
def source(site: Site, tmp_path: Path) -> Iterator[IntuneSource]:
    made = IntuneSource(site.server, tmp_path, FakeClock(), sleep=lambda _: None, jitter=lambda: 0.0)
    yield made
    made.close()


def refused(site: Site) -> OperationError:
    before = site.contents()
    with pytest.raises(OperationError) as caught:
        site.switch()
    assert site.contents() == before
    return caught.value


def signs_in_with(site: Site) -> str:
    """The SHA-1 of what mdmd would read now; SourceError when it is no pair."""
    facts = credentials.load(site.server, time.time()).certificate
    assert facts is not None
    return facts.sha1


class Asking:
    """A thread that asks for a new token and about a device again and again, as if an hour went by each time."""

    def __init__(self, source: IntuneSource) -> None:
        self.answers = 0
        self.failures: list[str] = []
        self._source = source
        self._ending = False
        self._answered = threading.Condition()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        clock = self._source._clock
        assert isinstance(clock, FakeClock)
        while not self._ending:
            clock.now += TOKEN_LIFE
            try:
                self._source.lookup(by_guid())
            except SourceError as error:
                self.failures.append(str(error))
            with self._answered:
                self.answers += 1
                self._answered.notify()

    def go_on(self, for_answers: int = 3) -> None:
        """Wait until some more questions have been asked and answered."""
        with self._answered:
            wanted = self.answers + for_answers
            assert self._answered.wait_for(lambda: self.answers >= wanted, DEADLINE)

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._thread.join()


def test_a_whole_renewal_while_devices_are_asked_about(site: Site, source: IntuneSource) -> None:
    site.in_use()
    old = signs_in_with(site)
    with Asking(source) as asking:
        asking.go_on()
        made = site.new()
        asking.go_on()
        site.upload(site.files.certificate, made.certificate_file)
        done = site.switch()
        asking.go_on()
        # The portal's last step: the old one is deleted there.
        site.upload(site.files.certificate)
        asking.go_on()
    assert asking.failures == []
    assert (done.previous_sha1, done.sha1) == (old, made.sha1)
    assert source.tokens.certificate is not None
    assert source.tokens.certificate.sha1 == made.sha1
    assert site.names() == {
        "application.pem",
        "application.key",
        "application.previous.pem",
        "application.previous.key",
    }
    assert certificate(site.files.previous.certificate).fingerprint(_SHA1).hex().upper() == old
    assert stat.S_IMODE(site.files.key.stat().st_mode) == 0o600


def test_many_renewals_while_the_files_are_read(site: Site) -> None:
    """A reader at full speed through some exchanges: it never meets what is no pair. (One read lasts through one
    exchange at most: they are years apart.)"""
    for number in range(2):
        site.new()
        for file in site.files.both:
            file.rename(site.directory / f"{number}{file.suffix}")
    for file in site.files.both:
        shutil.copy2(site.directory / f"0{file.suffix}", file)
    seen: list[str] = []
    more, ending = threading.Condition(), threading.Event()

    def read_again_and_again() -> None:
        while not ending.is_set():
            try:
                read = signs_in_with(site)
            except SourceError as error:
                read = str(error)
            with more:
                seen.append(read)
                more.notify()

    reader = threading.Thread(target=read_again_and_again)
    reader.start()
    for number in range(1, 13):
        for file in site.files.next.both:
            shutil.copy2(site.directory / f"{number % 2}{file.suffix}", file)
        exchange(site.files)
        with more:
            wanted = len(seen) + 2
            assert more.wait_for(lambda: len(seen) >= wanted, DEADLINE)  # noqa: B023
    ending.set()
    reader.join()
    both = {certificate(site.directory / f"{number}.pem").fingerprint(_SHA1).hex().upper() for number in range(2)}
    assert set(seen) == both


def test_a_certificate_that_is_not_uploaded_is_refused_and_nothing_changes(site: Site) -> None:
    site.in_use()
    made = site.new()
    error = refused(site)
    assert error.code == OperationCode.CERTIFICATE_NOT_UPLOADED
    assert "AADSTS700027" in error.what
    assert made.sha1 in error.what
    assert error.next == (
        f"Entra admin centre, App registrations, All applications, the one with client id {CLIENT}; "
        f"Certificates & secrets, Certificates, Upload certificate: {made.certificate_file} (never the key); "
        "then mdmctl cert switch intune again"
    )
    # Uploaded: the same command now does it.
    site.upload(site.files.certificate, made.certificate_file)
    assert site.switch().sha1 == made.sha1


def test_a_token_is_asked_for_both_uses(site: Site) -> None:
    site.in_use()
    site.upload(site.files.certificate, site.new().certificate_file)
    site.sim.clear_journal()
    site.switch()
    # intune.md section 2.1, as the simulator shortens them in its journal.
    assert [entry.subject for entry in site.sim.journal(operation="token")] == [
        "https://graph.microsoft.com",
        "https://api.manage.microsoft.com/",
    ]


def test_when_entra_can_not_be_asked_nothing_changes(site: Site) -> None:
    site.in_use()
    site.upload(site.files.certificate, site.new().certificate_file)
    site.sim.fault("503-sticky", host="login.microsoftonline.com")
    error = refused(site)
    assert error.code == OperationCode.NOT_DONE
    assert "M1213" in error.what


@pytest.mark.parametrize(
    ("remove", "what", "next_"),
    [
        ((), "intune has no next certificate", "make one: mdmctl cert new intune"),
        (("application.next.key",), "application.next.key is missing beside its certificate", "mode 0600"),
        (("application.next.pem",), "application.next.pem is missing beside its key", "that was issued for"),
    ],
)
def test_without_a_whole_next_pair_there_is_nothing_to_switch_to(
    site: Site, remove: tuple[str, ...], what: str, next_: str
) -> None:
    site.in_use()
    if remove:
        site.new()
    for name in remove:
        (site.directory / name).unlink()
    error = refused(site)
    assert error.code == OperationCode.CERTIFICATE_NOT_SWITCHED
    assert what in error.what
    assert next_ in error.next


def test_a_next_pair_that_does_not_belong_together_is_refused(site: Site) -> None:
    site.in_use()
    site.new()
    other = replace(site.server, certificate_file=site.directory / "o.pem", key_file=site.directory / "o.key")
    Site(site.sim, site.directory, other).new()
    (site.directory / "o.key").rename(site.files.next.key)
    error = refused(site)
    assert error.code == OperationCode.CERTIFICATE_UNUSABLE
    assert "application.next.key does not belong to" in error.what


def test_an_expired_next_certificate_is_refused(site: Site) -> None:
    site.in_use()
    made = site.new(Wanted(bits=2048, days=1), now=time.time() - 2 * 86400)
    site.upload(site.files.certificate, made.certificate_file)
    assert "expired on" in refused(site).what


# Renames in their order: previous key, previous certificate, key, certificate (switch.py).
@pytest.mark.parametrize(("step", "completes"), [(0, False), (1, False), (2, False), (3, True)])
def test_killed_between_two_renames(site: Site, source: IntuneSource, step: int, completes: bool) -> None:
    site.in_use()
    old = signs_in_with(site)
    made = site.new()
    site.upload(site.files.certificate, made.certificate_file)
    with pytest.raises(Killed):
        switch(site.server, site.prove, killed_at(step))
    # Usable as it is, for as long as it takes.
    assert signs_in_with(site) == old
    source.lookup(by_guid())
    # And completed by running it again.
    done = site.switch()
    assert (done.sha1, done.previous_sha1, done.completed) == (made.sha1, old, completes)
    assert signs_in_with(site) == made.sha1
    assert site.names() == {
        "application.pem",
        "application.key",
        "application.previous.pem",
        "application.previous.key",
    }
    assert certificate(site.files.previous.certificate).fingerprint(_SHA1).hex().upper() == old


def test_killed_in_the_second_renewal_too(site: Site) -> None:
    """What the first one set aside is no key of the certificate that the second one replaces."""
    site.in_use()
    for _ in range(2):
        old = signs_in_with(site)
        made = site.new()
        site.upload(site.files.certificate, made.certificate_file)
        with pytest.raises(Killed):
            switch(site.server, site.prove, killed_at(3))
        assert signs_in_with(site) == old
        assert site.switch().sha1 == made.sha1


def test_an_interrupted_switch_is_not_completed_with_what_entra_does_not_take(site: Site) -> None:
    site.in_use()
    made = site.new()
    site.upload(site.files.certificate, made.certificate_file)
    with pytest.raises(Killed):
        switch(site.server, site.prove, killed_at(3))
    site.upload(site.files.certificate)
    assert refused(site).code == OperationCode.CERTIFICATE_NOT_UPLOADED


def test_without_the_key_set_aside_the_middle_would_be_no_pair(site: Site) -> None:
    """What the order of the renames and the reader's second look are good for."""
    site.in_use()
    site.upload(site.files.certificate, site.new().certificate_file)
    with pytest.raises(Killed):
        switch(site.server, site.prove, killed_at(3))
    site.files.previous.key.unlink()
    with pytest.raises(SourceError, match="does not belong to"):
        signs_in_with(site)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_an_issued_certificate_takes_over_owner_and_mode(site: Site) -> None:
    site.in_use()
    for file, mode in zip(site.files.both, (0o640, 0o400), strict=True):
        os.chown(file, 12345, 12346)
        file.chmod(mode)
    made = site.new()
    # As an operator's copy of what a PKI issued may be.
    for file in site.files.next.both:
        os.chown(file, 0, 0)
    site.upload(site.files.certificate, made.certificate_file)
    site.switch()
    for file, mode in zip(site.files.both, (0o640, 0o400), strict=True):
        facts = file.stat()
        assert (facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode)) == (12345, 12346, mode)


def test_a_certificate_from_a_pki(site: Site) -> None:
    site.in_use()
    made = site.new(replace(QUICK, csr=True))
    assert made.csr_file is not None
    ca = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=CA", "-keyout", "ca.key"]
    issue = ["openssl", "x509", "-req", "-in", str(made.csr_file), "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "90"]
    for command in ([*ca, "-out", "ca.pem"], [*issue, "-CAcreateserial", "-out", str(made.certificate_file)]):
        subprocess.run(command, cwd=site.directory, check=True, capture_output=True)
    site.upload(site.files.certificate, made.certificate_file)
    assert site.switch().sha1 == certificate(site.files.certificate).fingerprint(_SHA1).hex().upper()


def test_one_file_for_both(site: Site) -> None:
    site.server = replace(site.server, key_file=site.server.certificate_file)
    site.in_use()
    made = site.new()
    site.upload(site.files.certificate, made.certificate_file)
    assert site.switch().sha1 == made.sha1 == signs_in_with(site)
    assert site.names() == {"application.pem", "application.previous.pem"}


def test_links_stay_links(site: Site) -> None:
    site.in_use()
    real = site.directory / "real"
    real.mkdir()
    for file in site.files.both:
        file.rename(real / file.name)
        file.symlink_to(real / file.name)
    made = site.new()
    site.upload(site.files.certificate, made.certificate_file)
    site.switch()
    assert all(file.is_symlink() for file in site.files.both)
    assert signs_in_with(site) == made.sha1


def test_a_link_in_the_place_of_the_next_key_is_not_followed(site: Site) -> None:
    """Whoever may write there could have root change owner and mode of any file."""
    site.in_use()
    site.upload(site.files.certificate, site.new().certificate_file)
    target = site.directory / "somebody-elses"
    site.files.next.key.rename(target)
    target.chmod(0o644)
    site.files.next.key.symlink_to(target)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        exchange(site.files)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_one_at_a_time(site: Site) -> None:
    site.in_use()
    site.upload(site.files.certificate, site.new().certificate_file)

    def prove(*_: object) -> None:
        assert refused(site).what == "another mdmctl cert switch is running"

    switch(site.server, prove)


def test_a_disk_that_fails(site: Site) -> None:
    site.in_use()
    old = signs_in_with(site)
    site.upload(site.files.certificate, site.new().certificate_file)

    def rename(one: Path, other: Path) -> None:
        raise OSError(30, "Read-only file system", str(other))

    with pytest.raises(OperationError) as caught:
        switch(site.server, site.prove, rename)
    assert caught.value.code == OperationCode.CERTIFICATE_NOT_SWITCHED
    assert "Read-only file system" in caught.value.what
    assert signs_in_with(site) == old

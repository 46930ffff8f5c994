"""Steps 2 to 4: the credential's files, offline (intune.md section 2.6, ise.md section 1.2)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ...errors import SourceError
from ...identity.device_id import GUID
from ...mdm import credential_files
from ...mdm.codes import MdmCode
from ...mdm.renewal_files import key_for
from .model import Outcome, StepFailed, StepState, skipped
from .reader import lacks, mdmd_user, owner_of
from .walk import EXPIRES_SOON, Walk

_RENEW = "make a new certificate (mdmctl cert new), upload it to the app registration, and switch after that"


def key_file(walk: Walk) -> Outcome:
    """The private key or the secret: nobody else may read it, and mdmd has to."""
    server = walk.server
    if server.certificate_file is not None and server.key_file is not None:
        try:
            credential_files.check_there(server.name, server.certificate_file, server.key_file)
        except SourceError as error:
            raise StepFailed.of(error) from None
    private = [path for path in (server.client_secret_file, server.key_file, server.key_passphrase_file) if path]
    for path in private:
        _check_private(walk, path)
    others = [server.certificate_file] if server.certificate_file else []
    for path in (*private, *others):
        why = lacks(mdmd_user(walk.config), path)
        if why:
            name = mdmd_user(walk.config).name
            advice = f"chown {name} {path} && chmod {'0444' if path in others else '0400'} {path}"
            raise StepFailed(MdmCode.CREDENTIAL.value, (f"mdmd can't read {path}", why), advice)
    reader = mdmd_user(walk.config)
    text = [f"{_shown(path)}" for path in private]
    return Outcome((*text, f"mdmd, as user {reader.name}, can read it"))


def key_pair(walk: Walk) -> Outcome:
    """Whether the certificate was made for that key."""
    server = walk.server
    if server.certificate_file is None or server.key_file is None:
        return skipped("a client secret is configured, there is no certificate")
    walk.leaf = credential_files.read_certificate(server.certificate_file)
    key = key_for(walk.leaf, server.key_file, server.key_passphrase_file)
    credential_files.check_pair(key, walk.leaf, server.key_file, server.certificate_file)
    return Outcome((f"they belong together, RSA {key.key_size} bit", f"certificate {server.certificate_file}"))


def certificate(walk: Walk) -> Outcome:
    """How long it is valid, and the fingerprints to compare with the portal."""
    server = walk.server
    if walk.leaf is None or server.certificate_file is None:
        return _secret(walk)
    facts = credential_files.facts_of(walk.leaf)
    fingerprints = (f"SHA-1 {facts.sha1}", f"SHA-256 {facts.sha256}")
    try:
        credential_files.check_life(server.certificate_file, walk.leaf, walk.wall())
    except SourceError as error:
        raise StepFailed.of(error, facts.subject, *fingerprints) from None
    left = walk.days_left(facts.not_after)
    text = (f"{facts.subject}, valid until {facts.not_after:%Y-%m-%d}, for {left:.0f} d", *fingerprints)
    if left < EXPIRES_SOON:
        return Outcome(text, StepState.WARNING, _RENEW)
    return Outcome(text)


def _secret(walk: Walk) -> Outcome:
    path = walk.server.client_secret_file
    assert path is not None  # the configuration has a certificate or a secret
    walk.secret = credential_files.read_secret(path)
    text = ["a client secret; when it expires is seen at the application entry"]
    if credential_files.read(path, private=True).strip(b" \t") != walk.secret.encode():
        text.append("the newline in the file is not part of it and is not sent")
    if GUID.fullmatch(walk.secret):
        text[0] = "it looks like the secret's ID, a GUID, not like its value"
        return Outcome(tuple(text), StepState.WARNING, f"put the secret's VALUE, not its ID, into {path}")
    return Outcome(tuple(text))


def _check_private(walk: Walk, path: Path) -> None:
    try:
        credential_files.read(path, private=True)
    except SourceError as error:
        advice = error.advice
        if "Permission denied" in error.detail and os.geteuid() != 0:
            name = mdmd_user(walk.config).name
            users = "root" if name == "root" else f"root or as {name}"
            advice = f"run mdmctl as {users}; {'mdmd' if name == 'root' else name} has to be able to read it"
        raise StepFailed.of(error, advice=advice) from None


def _shown(path: Path) -> str:
    facts = path.stat()
    return f"{path}, mode {stat.S_IMODE(facts.st_mode):04o}, {owner_of(facts)}"

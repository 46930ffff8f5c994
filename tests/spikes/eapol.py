"""Runs eapol_test as the endpoint, through a relay that keeps the raw packets."""

from __future__ import annotations

import itertools
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from relay import Relay

_number = itertools.count(1)
CISCO_AVPAIRS = ("26:x:000000090105613d31", "26:x:000000090105623d32")


@dataclass(frozen=True)
class Case:
    """One authentication. `words` steer the hook, see hooks_spike.py."""

    words: str = ""
    method: str = "tls"
    certificate: str = "client"
    tls13: bool = False
    resume: int = 0
    repeat_every: float | None = None
    inner_certificate: bool = False
    ask_again: bool = False
    timeout: int = 15


@dataclass
class Outcome:
    user: str
    success: bool
    eap_success: bool
    eap_failure: bool
    seconds: float
    output: str
    relay: Relay = field(repr=False)
    answers: int = 0
    same_again: bool = False

    @property
    def said(self) -> str:
        """What the supplicant believes and what the last RADIUS packet was."""
        eap = "EAP-SUCCESS" if self.eap_success else "EAP-FAILURE" if self.eap_failure else "no EAP result"
        return f"supplicant {eap}, wire {self.relay.last if self.relay.replies else 'silent'}"


def _network(case: Case, user: str, pki: Path) -> str:
    lines = ['ssid="spike"', "key_mgmt=WPA-EAP", f'identity="{user}"', f'ca_cert="{pki}/ca.pem"']
    version = f"tls_disable_tlsv1_3={int(not case.tls13)}"
    if case.method == "tls":
        lines.append("eap=TLS")
    else:
        outer, inner = case.method.split("-")
        version += " peaplabel=0" if outer == "peap" else ""
        lines += [
            f"eap={outer.upper()}",
            f'phase2="auth={inner.upper()}"',
            'password="secret"',
            f'anonymous_identity="{user}"',
        ]
    if case.method == "tls" or case.inner_certificate:
        lines += [
            f'client_cert="{pki}/{case.certificate}.pem"',
            f'private_key="{pki}/{case.certificate}.key"',
        ]
    lines.append(f'phase1="{version}"')
    return "network={\n  " + "\n  ".join(lines) + "\n}\n"


def run(case: Case, port: int, work: Path, pki: Path) -> Outcome:
    number = next(_number)
    user = f"device{number}-{case.words}" if case.words else f"device{number}-plain"
    config = work / f"eapol-{number}.conf"
    config.write_text(_network(case, user, pki))
    with Relay(port, repeat_every=case.repeat_every) as relay:
        command = [
            "eapol_test",
            "-c",
            str(config),
            "-a",
            "127.0.0.1",
            "-p",
            str(relay.port),
            "-s",
            "testing123",
            "-t",
            str(case.timeout),
            "-r",
            str(case.resume),
            "-M",
            f"02:00:00:00:{number // 256:02x}:{number % 256:02x}",
        ]
        for attribute in CISCO_AVPAIRS:
            command += ["-N", attribute]
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        seconds = time.monotonic() - started
        answers = relay.answers_to_last() if relay.replies else 0
        same_again = case.ask_again and relay.ask_again()
    text = done.stdout
    return Outcome(
        user,
        done.returncode == 0,
        "CTRL-EVENT-EAP-SUCCESS" in text,
        "CTRL-EVENT-EAP-FAILURE" in text,
        seconds,
        text,
        relay,
        answers,
        same_again,
    )

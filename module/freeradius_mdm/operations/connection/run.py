"""The walk: every step in its order, each timed, up to the first that fails."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ...config.model import Config, Server
from ...errors import ConfigError, SourceError
from ..codes import OperationCode
from . import configuration, crs, entra, files, network, question
from .model import Outcome, StepFailed, StepResult, StepState, TestReport
from .walk import Walk


@dataclass(frozen=True, slots=True)
class Step:
    """`take` returns what was seen, or raises StepFailed or SourceError."""

    name: str
    title: str
    take: Callable[[Walk], Outcome]


CONFIGURATION = Step("configuration", "Configuration", configuration.settings)
STEPS = (
    CONFIGURATION,
    Step("key-file", "Credential file", files.key_file),
    Step("key-pair", "Key and certificate", files.key_pair),
    Step("certificate", "Certificate", files.certificate),
    Step("login-dns", "DNS of the login host", network.login_dns),
    Step("login-tls", "TLS to the login host", network.login_tls),
    Step("clock", "Clock", network.clock),
    Step("graph-token", "Graph token", entra.graph_token),
    Step("graph-roles", "Roles in the Graph token", entra.graph_roles),
    Step("graph-host", "DNS and TLS of Graph", network.graph_host),
    Step("application", "Application entry", entra.application),
    Step("discovery", "Address of CRS", crs.discovery),
    Step("crs-host", "DNS and TLS of CRS", network.crs_host),
    Step("crs-token", "CRS token and its role", entra.crs_token),
    Step("mdminfo", "Server information", crs.mdminfo),
    Step("look-up", "Look-up", crs.look_up),
)


def run(
    server: Server,
    config: Config,
    *,
    device: str = "",
    report: Callable[[StepResult], None] = lambda result: None,
    starting: Callable[[str], None] = lambda title: None,
    wall: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
) -> TestReport:
    """Test one MDM server on the path that mdmd takes, without mdmd; nothing of mdmd's is written.

    `device`: a GUID or MAC for the look-up, "" for the newest of the store. `starting` gets each step's title
    before it is taken, `report` its result after. Raises OperationError for a device name that is none.
    """
    chosen = question.choose(config, server.name, device)
    started, began = wall(), clock()
    results: list[StepResult] = []
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mdmctl-test-")))
        walk = Walk(server, config, chosen, directory, wall, clock)
        stack.callback(walk.source.close)
        for step in STEPS:
            if results and results[-1].state in (StepState.FAILED, StepState.NOT_REACHED):
                result = StepResult(step.name, step.title, StepState.NOT_REACHED)
            else:
                starting(step.title)
                result = _taken(step, walk)
            results.append(result)
            report(result)
    return TestReport(server.name, started, clock() - began, tuple(results))


def refused_configuration(
    error: ConfigError, server: str, *, report: Callable[[StepResult], None] = lambda result: None, started_at: float
) -> TestReport:
    """The report of a walk that fails at its first step, because mdm.toml has errors."""
    results = [
        StepResult(
            CONFIGURATION.name,
            CONFIGURATION.title,
            StepState.FAILED,
            tuple(error.lines()),
            code=OperationCode.CONFIGURATION_FAULTY.value,
            advice="mend what is named, then test again",
        ),
        *(StepResult(step.name, step.title, StepState.NOT_REACHED) for step in STEPS[1:]),
    ]
    for result in results:
        report(result)
    return TestReport(server, started_at, 0.0, tuple(results))


def _taken(step: Step, walk: Walk) -> StepResult:
    began = walk.clock()
    try:
        with walk.source.http.budget(walk.patience):
            seen = step.take(walk)
    except SourceError as error:
        seen = _failed(StepFailed.of(error))
    except StepFailed as failed:
        seen = _failed(failed)
    seconds = walk.clock() - began
    return StepResult(step.name, step.title, seen.state, seen.text, seconds, seen.code, seen.advice)


def _failed(failed: StepFailed) -> Outcome:
    return Outcome(failed.text, StepState.FAILED, failed.advice, failed.code)

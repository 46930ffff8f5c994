"""What a linter of Dockerfiles would say, and rules of our own. Needs no engine."""

from __future__ import annotations

import re
from pathlib import Path

DOCKER = Path(__file__).parents[2] / "docker"
FINAL = {"freeradius", "mdmd", "redis", "lab"}


def stages() -> dict[str, list[str]]:
    """Name to instructions, each on one line, without comments."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (DOCKER / "Dockerfile").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {"": []}
    stage = ""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if not line.strip():
            continue
        if start := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            stage = start[2]
            found[stage] = []
        found[stage].append(line)
    return found


def instructions(kind: str, lines: list[str]) -> list[str]:
    return [line.removeprefix(f"{kind} ") for line in lines if line.startswith(f"{kind} ")]


def test_every_from_names_a_stage_or_the_one_base_image() -> None:
    named = stages()
    assert named[""] == ["ARG DEBIAN=debian:trixie-slim"]
    for lines in list(named.values())[1:]:
        source = lines[0].split()[1]
        assert source == "${DEBIAN}" or source in named


def test_every_run_stops_at_the_first_error() -> None:
    for lines in stages().values():
        for run in instructions("RUN", lines):
            assert run.startswith("set -eu;") or ";" not in run, run


def test_apt_takes_no_recommendations_and_leaves_no_lists() -> None:
    count = 0
    for name, lines in stages().items():
        for run in instructions("RUN", lines):
            if "apt-get install" not in run:
                continue
            count += 1
            assert "apt-get update" in run
            assert "apt-get install -y -qq --no-install-recommends" in run
            if name not in ("raddb", "pip"):  # stages that no image is made of
                assert "/var/lib/apt/lists/*" in run
    assert count >= 5


def test_nothing_is_fetched_but_by_apt_and_pip() -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert not re.search(r"(?m)^ADD |curl |wget |git clone", text)
    assert "--require-hashes" in (DOCKER / "pip-install").read_text(encoding="utf-8")


def test_no_argument_or_setting_is_a_secret() -> None:
    for lines in stages().values():
        for line in instructions("ARG", lines) + instructions("ENV", lines):
            assert not re.search(r"(?i)secret|passw|token|key=", line), line


def test_final_images_have_a_user_a_program_and_labels() -> None:
    named = stages()
    assert set(named) >= FINAL
    for target in FINAL:
        lines = named[target]
        assert len(instructions("USER", lines)) == 1
        (entry,) = instructions("ENTRYPOINT", lines)
        (command,) = instructions("CMD", lines)
        assert entry.startswith("[")  # the exec form: signals reach the program
        assert command.startswith("[")
        # Labels last, so that a new revision makes no new layer.
        kinds = [line.split()[0] for line in lines]
        assert kinds[-1] == "LABEL"
        assert "COPY" not in kinds[kinds.index("USER") :]


def test_services_have_a_health_check() -> None:
    named = stages()
    for target in FINAL - {"lab"}:
        (check,) = instructions("HEALTHCHECK", named[target])
        assert check.endswith('CMD ["/usr/local/bin/health"]')
        assert "--timeout=" in check


def test_programs_are_executable() -> None:
    for file in DOCKER.rglob("*"):
        if file.is_file() and file.read_bytes().startswith(b"#!"):
            assert file.stat().st_mode & 0o111 == 0o111, file

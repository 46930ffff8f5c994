"""What the tests of the connection test share: a site whose mdm.toml leads to the simulated Microsoft, and mdmctl."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.cli.main import main
from freeradius_mdm.lab.microsoft import SimulatedMicrosoft
from freeradius_mdm.lab.pki import AppCredential
from tests.builders import TOML, write_toml

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "a~Secret.Value_1"  # noqa: S105
OLD_SECRET = "b~Secret.Value_2"  # noqa: S105
DEVICE = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
MAC = "005056A1B2C3"
LOGIN_HOST, GRAPH_HOST, CRS_HOST = (
    "login.microsoftonline.com",
    "graph.microsoft.com",
    "fef.msud01.manage.microsoft.com",
)
_MARKS = ("ok", "warning", "FAILED", "skipped", "not reached")
_STEP = re.compile(r"(?P<mark>ok|warning|FAILED|skipped|not reached) {2,}(?P<rest>\S.*)")


@dataclass(frozen=True)
class Said:
    """What a run of mdmctl has printed. `steps`: mark and text of each step's line; `text` without line breaks."""

    status: int
    out: str
    err: str

    @property
    def steps(self) -> list[tuple[str, str]]:
        found = [_STEP.fullmatch(line) for line in self.out.splitlines()]
        return [(match["mark"], match["rest"]) for match in found if match]

    def mark(self, title: str) -> str:
        """The mark of the step with that title."""
        marks = [mark for mark, rest in self.steps if rest.startswith(title)]
        assert len(marks) == 1, self.out
        return marks[0]

    @property
    def failed(self) -> str:
        """The title line of the step that failed; "" when none did."""
        return next((re.sub(r" {2,}.*", "", rest) for mark, rest in self.steps if mark == "FAILED"), "")

    def below(self, title: str) -> list[str]:
        """The lines below a step, without their indentation."""
        lines = self.out.splitlines()
        start = next(i for i, line in enumerate(lines) if (m := _STEP.fullmatch(line)) and m["rest"].startswith(title))
        found = []
        for line in lines[start + 1 :]:
            if not line.startswith(" " * 13):
                break
            found.append(line.strip())
        return found

    @property
    def advice(self) -> str:
        """The next step below the step that failed."""
        lines = self.below(self.failed)
        return next(line.removeprefix("next: ") for line in lines if line.startswith("next: "))

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Site:
    """A directory with mdm.toml, and the simulator that it leads to."""

    sim: SimulatedMicrosoft
    app: AppCredential
    directory: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def file(self) -> Path:
        return self.directory / "mdm.toml"

    def lines(self, **changes: Any) -> dict[str, str]:
        """The settings of the [[servers]] entry as TOML values; None leaves one out."""
        usual: dict[str, Any] = {
            "name": "Intune",
            "tenant": TENANT,
            "client_id": CLIENT,
            "certificate_file": self.app.cert_file,
            "key_file": self.app.key_file,
            "ca_file": self.sim.ca_file,
            "connect_to": self.sim.address,
            "read_timeout": "5s",
        }
        given = {key: value for key, value in {**usual, **changes}.items() if value is not None}
        return {key: _toml(value) for key, value in given.items()}

    def write(self, *, extra: str = "", **changes: Any) -> Path:
        """mdm.toml with one server; `extra` is put behind its entry."""
        entry = "\n".join(f"{key} = {value}" for key, value in self.lines(**changes).items())
        before, rest = TOML.split("[[servers]]\n")
        rest = rest[rest.index("\n[network_devices]") :]
        return write_toml(self.directory, f"{before}[[servers]]\n{entry}\n{extra}{rest}")

    def secret(self, text: str) -> dict[str, Any]:
        """The changes for a site with a client secret."""
        file = self.directory / "secret"
        file.unlink(missing_ok=True)
        file.touch(0o600)
        file.write_text(text, encoding="utf-8")
        return {"certificate_file": None, "key_file": None, "client_secret_file": file}

    def mdmctl(self, *arguments: str) -> Said:
        """Run it; everything it prints is looked through for what must never be printed."""
        status = main(["--config", str(self.file), *arguments])
        printed = self.capsys.readouterr()
        said = Said(status, printed.out, printed.err)
        for text in (said.out, said.err):
            assert "PRIVATE KEY" not in text
            assert SECRET not in text
            assert OLD_SECRET not in text
            assert "eyJ" not in text, "a token or an assertion"
        return said

    def test(self, *arguments: str) -> Said:
        """`mdmctl test`."""
        return self.mdmctl("test", *arguments)

    def copy_key(self, name: str = "own.key", mode: int = 0o600) -> Path:
        """The key file once more, with a mode of its own."""
        file = self.directory / name
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        file.touch(0o600)
        file.write_bytes(self.app.key_file.read_bytes())
        os.chmod(file, mode)  # noqa: PTH101
        return file


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(str(value))

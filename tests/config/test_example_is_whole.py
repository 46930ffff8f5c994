"""The overlay's mdm.toml calls itself the whole configuration: every key that the reader asks for stands in it.

What the reader asks for is recorded while it reads the example with the lines behind `#` in force, so that no list of
keys is kept here.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from freeradius_mdm.config.codes import ConfigCode
from freeradius_mdm.config.reader import load
from freeradius_mdm.config.table import Table
from freeradius_mdm.errors import ConfigError
from freeradius_mdm.policy.model import Operator

OVERLAY = Path(__file__).parents[2] / "freeradius" / "mods-config" / "mdm"
EXAMPLE = (OVERLAY / "mdm.toml").read_text(encoding="utf-8")
_SETTING = re.compile(r"(?:# )?([a-z_0-9]+) = .*")
_HEADER = re.compile(r"(?:# )?\[{1,2}([A-Za-z_.-]+)\]{1,2}(?: +#.*)?")
# Keys of these are no settings but names: of profiles, vendor families, attributes.
_NAMES = ("", "profiles", "profiles.*.for", "coa.actions", "rules.when", "rules.any")
# What stands there instead of something else, or beside it.
_EXCLUDED = ("client_secret_file", "proxy", "connect_to")

Keys = Mapping[str, set[str]]


def place(path: str) -> str:
    """A table's path as the example's headers have it: `servers[1]` is `servers`, any profile `profiles.*`."""
    plain = re.sub(r"\[\d+\]", "", path)
    return re.sub(r"(?<=^profiles\.)[^.]+(\.for\.[^.]+)?", lambda found: "*.for.*" if found[1] else "*", plain)


def in_force(text: str) -> str:
    """The text with every setting and header that stands behind `#`, but for those that exclude each other."""
    lines = []
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        setting = _SETTING.fullmatch(bare)
        wanted = setting and setting[1] not in _EXCLUDED
        # A commented value of a table that has the key in force already would be a key twice.
        lines.append(bare if line != bare and (wanted or _HEADER.fullmatch(bare)) else line)
    return "\n".join(lines) + "\n"


def named(text: str) -> Keys:
    """The keys that stand in each table of the text, in force or behind `#`, inline tables' too."""
    keys: dict[str, set[str]] = defaultdict(set)
    at = ""
    for line in text.splitlines():
        if header := _HEADER.fullmatch(line):
            at = place(header[1])
        elif setting := _SETTING.fullmatch(line):
            keys[at].add(setting[1])
        elif line.startswith("  {"):
            keys[f"{at}.patterns"] |= set(re.findall(r"[{,] ([a-z]+) =", line))
    return keys


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """The keys that the reader asks for in each table."""
    keys: dict[str, set[str]] = defaultdict(set)
    for name in ("raw", "__contains__"):
        own = getattr(Table, name)

        def recorded(self: Table, key: str, own: object = own) -> object:
            keys[place(self.path)].add(key)
            return own(self, key)  # type: ignore[operator]

        monkeypatch.setattr(Table, name, recorded)
    read(tmp_path, in_force(EXAMPLE))
    monkeypatch.undo()
    return keys


def read(directory: Path, text: str) -> None:
    """Each value has to be right. That no family takes all results, or not beside others, is known."""
    shutil.copytree(OVERLAY / "dacls", directory / "dacls")
    (directory / "mdm.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(directory / "mdm.toml")
    beside = (ConfigCode.NOT_EXPRESSIBLE, ConfigCode.NO_EFFECT)
    assert [str(problem) for problem in caught.value.problems if problem.code not in beside] == []


def missing(asked: Keys, text: str) -> list[str]:
    there = named(text)
    # A family's own table may hold what the profile itself may.
    profile = there["profiles.*"]
    return sorted(
        f"{table}.{key}"
        for table, keys in asked.items()
        if table not in _NAMES
        for key in keys - there[table] - (profile if table == "profiles.*.for.*" else set())
        if (table, key) != ("profiles.*", "for")  # a table, whose header stands there
    )


def test_every_key_stands_there(asked: Keys) -> None:
    assert missing(asked, EXAMPLE) == []


def test_nothing_stands_there_that_is_not_asked_for(asked: Keys) -> None:
    assert sorted(f"{table}.{key}" for table, keys in named(EXAMPLE).items() for key in keys - asked[table]) == []


def test_every_table_is_read(asked: Keys) -> None:
    """Else what it asks for would not be known. The tables are those that README names."""
    tables = {"service", "sessions", "network_devices", "servers", "identity", "identity.patterns", "coa", "cluster"}
    assert tables | {"policy", "rules", "profiles.*", "profiles.*.for.*"} == asked.keys() - set(_NAMES)


@pytest.mark.parametrize(
    ("line", "lost"),
    [
        ("# key_passphrase_file", "servers.key_passphrase_file"),
        ("# gone_after", "cluster.gone_after"),
        ("# access", "profiles.*.access"),
        ("# mode", "rules.mode"),
        ("tenant", "servers.tenant"),
    ],
)
def test_a_lost_line_is_found(line: str, lost: str, asked: Keys) -> None:
    without = re.sub(rf"(?m)^{re.escape(line)} = .*\n", "", EXAMPLE)
    if line == "# access":
        without = without.replace('access = "reject"\n', "")
    assert missing(asked, without) == [lost]


def test_every_comparison_is_named() -> None:
    comparisons = EXAMPLE[EXAMPLE.index("# Rules are read top down") : EXAMPLE.index("[policy]")]
    for operator in Operator:
        assert operator is Operator.EQUALS or f"{{ {operator.value} = " in comparisons


def test_a_value_behind_the_mark_has_to_be_right(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="gone_after"):
        read(tmp_path, in_force(EXAMPLE.replace('# gone_after = "15s"', '# gone_after = "15"')))

"""The line a key stands on."""

from __future__ import annotations

import pytest

from freeradius_mdm.config import lines

TEXT = """\
top = 1

[[servers]]
name = "one"  # [not.a.table]
[[servers]]
name = "two"
scope . inner = 2

[profiles."two words"]
'vlan' = 3
patterns = [
  { text = "a = b" },
  { text = "c" },
]

[rules.when] # comment
"MDM:Managed" = "True"

[profiles."tab\\there"]
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        # Keys, tables, lists of tables counted from 1, quoted and dotted names.
        ("top", 1),
        ("servers[1]", 3),
        ("servers[1].name", 4),
        ("servers[2].name", 6),
        ("servers[2].scope.inner", 7),
        ("profiles.two words", 9),
        ("profiles.two words.vlan", 10),
        ("rules.when.MDM:Managed", 17),
        ("profiles.tab\there", 19),
        # The list as a whole stands where its first entry does.
        ("servers", 3),
        # Inside an inline table, or absent: the closest above it.
        ("profiles.two words.patterns[2].text", 11),
        ("servers[2].tenant", 5),
        ("rules.when.MDM:Nothing", 16),
        # Nowhere at all.
        ("identity", None),
        ("", None),
    ],
)
def test_line_of(path: str, line: int | None) -> None:
    assert lines.line_of(lines.index(TEXT), path) == line

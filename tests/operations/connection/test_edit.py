"""`enabled` of one entry is set, and every other byte of mdm.toml stays."""

from __future__ import annotations

import tomllib

import pytest

from freeradius_mdm.operations.connection.edit import with_enabled

HEAD = '# mine\n\n[service]\nwait = "2s"\n\n'
TWO = (
    HEAD + '[[servers]]  # the first\n  name    = "A"\n  enabled =\tfalse   # until Monday\n\n'
    "[[servers]]\nenabled = false\nname = 'B'\n"
    '\n[[rules]]\nname = "A"  # a rule of the same name\n'
)


@pytest.mark.parametrize(
    ("server", "old", "new"),
    [
        ("A", "  enabled =\tfalse   # until Monday\n", "  enabled =\ttrue   # until Monday\n"),
        ("B", "[[servers]]\nenabled = false\n", "[[servers]]\nenabled = true\n"),
    ],
)
def test_only_this_value(server: str, old: str, new: str) -> None:
    assert TWO.count(old) == 1
    assert with_enabled(TWO, server, True) == TWO.replace(old, new)


def test_windows_line_ends_stay() -> None:
    text = TWO.replace("\n", "\r\n")
    changed = with_enabled(text, "A", True)
    assert changed == text.replace("=\tfalse", "=\ttrue")
    assert changed is not None
    assert changed.count("\r\n") == changed.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("enabled=false", "enabled=true"),
        ('"enabled" = false', '"enabled" = true'),
        ("'enabled'  =  false# x", "'enabled'  =  true# x"),
        ('enabled = false\nnote = """\nenabled = false\n[[servers]]\n"""', None),
        ('note = """\nenabled = false\n"""\nenabled = false', 'note = """\nenabled = false\n"""\nenabled = true'),
        ("not_enabled = false\nenabled = false", "not_enabled = false\nenabled = true"),
        ("# enabled = false\nenabled = false # enabled = false", "# enabled = false\nenabled = true # enabled = false"),
    ],
)
def test_forms_of_the_line(line: str, changed: str | None) -> None:
    text = f'[[servers]]\nname = "A"\n{line}\n'
    expected = changed or line.replace("enabled = false", "enabled = true", 1)
    assert with_enabled(text, "A", True) == f'[[servers]]\nname = "A"\n{expected}\n'


def test_an_inline_table() -> None:
    text = 'servers = [ { name = "A", enabled = false }, { name = "B", enabled = false } ]\n'
    assert with_enabled(text, "B", True) == text.replace('"B", enabled = false', '"B", enabled = true')


def test_without_the_key_a_server_is_enabled() -> None:
    text = '[[servers]]\nname = "A"\n'
    assert with_enabled(text, "A", True) is text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_without_the_key_a_line_is_added_behind_the_name(end: str) -> None:
    text = end.join(["[[rules]]", 'name = "A"', "", "[[servers]] # one", '  name = "A"  # mine', 'tenant = "x"', ""])
    expected = text.replace('  name = "A"  # mine' + end, '  name = "A"  # mine' + end + "  enabled = false" + end)
    assert with_enabled(text, "A", False) == expected


def test_a_name_on_the_last_line_without_an_end() -> None:
    changed = with_enabled('[[servers]]\nname = "A"', "A", False)
    assert changed == '[[servers]]\nname = "A"\nenabled = false\n'


def test_the_entry_of_that_name_is_the_one() -> None:
    text = '[[servers]]\nname = "A"\n\n[[servers]]\nname = "B"\n'
    changed = with_enabled(text, "B", False)
    assert changed is not None
    assert tomllib.loads(changed)["servers"] == [{"name": "A"}, {"name": "B", "enabled": False}]


@pytest.mark.parametrize("text", ["", "[[servers]", '[[servers]]\nname = "B"\n', "servers = 5\n", "servers = [1]\n"])
def test_what_can_not_be_edited(text: str) -> None:
    assert with_enabled(text, "A", True) is None


def test_a_value_that_is_neither_is_left_alone() -> None:
    assert with_enabled('[[servers]]\nname = "A"\nenabled = "no"\n', "A", True) is None

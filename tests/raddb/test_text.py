"""Lines of FreeRADIUS's configuration; that FreeRADIUS agrees is test_clients_differential.py's to show."""

from __future__ import annotations

import pytest

from freeradius_mdm.raddb.text import Quote, TextError, skip_block, unescape_double, value, word


@pytest.mark.parametrize(
    ("line", "text", "quote", "rest"),
    [
        ("abc def", "abc", Quote.BARE, "def"),
        ("a#b c", "a#b", Quote.BARE, "c"),
        ("a}b", "a}b", Quote.BARE, ""),
        ("a=b", "a=b", Quote.BARE, ""),
        ("a,b", "a", Quote.BARE, ",b"),
        ("", "", Quote.END, ""),
        ("# note", "", Quote.END, "# note"),
        ("'a b' # c", "a b", Quote.SINGLE, "# c"),
        ('"a \\" b"', 'a " b', Quote.DOUBLE, ""),
        ('"a \\\' \\t \\\\"', "a \\' \\t \\\\", Quote.DOUBLE, ""),
        ("'it\\'s'", "it's", Quote.SINGLE, ""),
        ("b\u00e4r", "b", Quote.BARE, "\u00e4r"),
        ("/b\u00e4r", "/b\u00e4r", Quote.BARE, ""),
    ],
)
def test_values(line: str, text: str, quote: Quote, rest: str) -> None:
    found = value(line, 0)
    assert (found.text, found.quote, line[found.next :]) == (text, quote, rest)


def test_words_end_at_operators() -> None:
    line, at, words = "ipaddr=10.0.0.0/8{ a:=b }#x", 0, []
    while (found := word(line, at, unescape=True)).quote is not Quote.END:
        words.append(found.text)
        at = found.next
    assert words == ["ipaddr", "=", "10.0.0.0/8", "{", "a", ":=", "b", "}", "#", "x"]


@pytest.mark.parametrize("line", ["'abc", '"abc\\"', '"abc\\'])
def test_texts_without_an_end(line: str) -> None:
    with pytest.raises(TextError, match="does not end"):
        value(line, 0)


@pytest.mark.parametrize(
    ("text", "read"),
    [("a\\tb", "a\tb"), ("a\\\\b", "a\\b"), ("\\q", "q"), ("\\101", "A"), ("\\r\\n", "\r\n"), ("plain", "plain")],
)
def test_escapes_of_newer_versions(text: str, read: str) -> None:
    assert unescape_double(text) == read


@pytest.mark.parametrize("text", ["\\000", "a\\"])
def test_escapes_that_are_refused(text: str) -> None:
    with pytest.raises(TextError):
        unescape_double(text)


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("ok } after", " after"),
        ('if (&User-Name =~ /^[{}]"}/) { ok } } after', " after"),
        ('update reply { &Reply-Message := "it\'s }" } } after', " after"),
        ("Reply := %{x:}} '}' } after", None),
        ("&A := %{B:-%{C}} } after", " after"),
        ("ok # } no", None),
        ("x#y } after", " after"),
        ("&Tmp := `cmd }` } after", " after"),
    ],
)
def test_policy_language_is_read_over(line: str, rest: str | None) -> None:
    depth, at = skip_block(line, 0, 1)
    if rest is None:
        assert (depth, line[at:]) in ((1, ""), (0, " '}' } after"))
    else:
        assert (depth, line[at:]) == (0, rest)

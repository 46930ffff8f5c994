"""What people paste: radclient's form, what radclient and `radiusd -X` print, and what is none of it.

The printed forms are those of radclient and FreeRADIUS 3.2.1, as they were seen on a terminal.
"""

from __future__ import annotations

import string

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from freeradius_mdm.operations.errors import OperationError
from freeradius_mdm.operations.explain.paste import parse, quoted, unescaped

PAIRS = [("User-Name", "bob"), ("NAS-Port", "5"), ("Cisco-AVPair", "a=b"), ("Cisco-AVPair", "c=d")]
RADCLIENT = """\
User-Name = "bob"
NAS-Port = 5
Cisco-AVPair = "a=b"
Cisco-AVPair += "c=d"
"""
PRINTED = """\
Sent Access-Request Id 6 from 0.0.0.0:39995 to 127.0.0.1:1812 length 105
\tUser-Name = "bob"
\tNAS-Port = 5
\tCisco-AVPair = "a=b"
\tCisco-AVPair += "c=d"
Received Access-Reject Id 6 from 127.0.0.1:1812 to 127.0.0.1:39995 length 38
\tReply-Message = "no"
(0) -: Expected Access-Accept got Access-Reject
"""
DEBUG = """\
max_requests = 16384
Ready to process requests
(0) Received Access-Request Id 117 from 192.0.2.10:53921 to 192.0.2.1:1812 length 259
(0)   User-Name = "bob"
(0)   NAS-Port = 5
(0)   Cisco-AVPair = "a=b"
(0)   Cisco-AVPair = "c=d"
(0) # Executing section authorize from file /etc/freeradius/3.0/sites-enabled/default
(0)   authorize {
(0)     update control {
(0)       Auth-Type := Accept
"""
DATED = "".join(f"Mon Nov 23 16:01:31 2026 : Debug: {line}\n" for line in DEBUG.splitlines()[2:])


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (RADCLIENT, ""),
        ("# a comment\n\n" + RADCLIENT + '\nUser-Name = "next"\n', ""),
        (RADCLIENT.replace("\n", "\r\n"), ""),
        (RADCLIENT.replace(" = ", " := ").replace(" += ", "+="), ""),
        ('User-Name = "bob",\nNAS-Port=5,\nCisco-AVPair = \'a=b\', \nCisco-AVPair += "c=d"', ""),
        ("User-Name = bob\n  NAS-Port == 5\n\tCisco-AVPair = a=b\n\tCisco-AVPair = c=d", ""),
        (PRINTED, ""),
        (DEBUG, "192.0.2.10"),
        (DATED, "192.0.2.10"),
        (DEBUG.replace("192.0.2.10:53921", "[2001:db8::7]:53921"), "2001:db8::7"),
    ],
    ids=["radclient", "comment", "crlf", "operators", "commas", "bare", "printed", "debug", "dated", "ipv6"],
)
def test_the_request_is_found(text: str, source: str) -> None:
    found = parse(text)
    assert ([(name, value) for name, value, _ in found.pairs], found.source) == (PAIRS, source)


CERTIFICATE = """\
(0) Received Access-Request Id 1 from 192.0.2.10:1 to 192.0.2.1:1812 length 9
(0)   User-Name = "bob"
(0) eap: Peer sent EAP Response (code 2) ID 0 length 18
(1) Received Access-Request Id 1 from 192.0.2.10:1 to 192.0.2.1:1812 length 9
(1)   User-Name = "anna"
(1) eap_tls:   TLS-Client-Cert-Serial := "aa"
(5) Received Access-Request Id 2 from 192.0.2.10:1 to 192.0.2.1:1812 length 9
(5)   User-Name = "bob"
(5) eap_tls: (TLS) Creating attributes from client certificate
(5) eap_tls:   TLS-Client-Cert-Serial := "bb"
(5) eap_tls:   TLS-Client-Cert-X509v3-Subject-Alternative-Name += "URI:x, URI:y"
(6)   TLS-Client-Cert-Serial := "bb"
(9) Received Access-Request Id 2 from 192.0.2.10:1 to 192.0.2.1:1812 length 9
(9)   User-Name = "bob"
(9) eap_tls:   TLS-Client-Cert-Serial := "cc"
"""


def test_the_certificate_of_the_same_user_belongs_to_it_and_no_other() -> None:
    assert [(name, value) for name, value, _ in parse(CERTIFICATE).pairs] == [
        ("User-Name", "bob"),
        ("TLS-Client-Cert-Serial", "bb"),
        ("TLS-Client-Cert-X509v3-Subject-Alternative-Name", "URI:x, URI:y"),
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        # What FreeRADIUS prints: radclient -x with User-Name = "a\"b\\c\td\001eé".
        (r"a\"b\\c\td\001eé", 'a"b\\c\td\x01eé'),
        (r"\303\251", "é"),
        (r"\xc3\xa9\x41", "éA"),
        (r"\r\n\'", "\r\n'"),
        (r"\\001", r"\001"),
        (r"\377x", r"\xffx"),  # no UTF-8: such a request never reaches the policy
    ],
)
def test_escapes(written: str, value: str) -> None:
    assert unescaped(written) == value
    assert parse(f'Connect-Info = "{written}"').pairs == (("Connect-Info", value, False),)


@settings(max_examples=500, deadline=None)
@given(st.text(st.characters(codec="utf-8")))
def test_what_is_printed_is_read_as_it_was(value: str) -> None:
    assert parse(f"(3)   Connect-Info = {quoted(value)}").pairs == (("Connect-Info", value, False),)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from(string.printable + "é\0"), max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except OperationError as error:
        event(error.what[:20])
        return
    assert found.pairs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'User-Name = "bob"\nwhat is this\n',
            "M1831 line 2 is no attribute: 'what is this'\n"
            "  where: request.txt\n"
            '  allowed: NAME = VALUE, as radclient reads it or `radiusd -X` prints it: User-Name = "bob"\n'
            "  next: remove the line, or quote the value",
        ),
        (
            "\n# nothing\n",
            "M1831 there is no attribute in it\n"
            "  where: request.txt\n"
            '  allowed: lines NAME = VALUE, ended by a blank line: User-Name = "bob"\n'
            "  next: paste the lines below `Received Access-Request` of `freeradius -X`",
        ),
    ],
)
def test_what_can_not_be_read(text: str, said: str) -> None:
    with pytest.raises(OperationError) as caught:
        parse(text, "request.txt")
    assert str(caught.value) == said


@pytest.mark.parametrize("text", ['User-Name = "bob', "User-Name = ", "= 5", 'User-Name = "a" b"'])
def test_half_a_pair_is_none(text: str) -> None:
    with pytest.raises(OperationError, match="line 1 is no attribute"):
        parse(text)

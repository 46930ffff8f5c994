"""From what the libraries raise to a code; the real exceptions are provoked in test_http.py."""

import socket
import ssl

import pytest
import requests
import urllib3.exceptions

from freeradius_mdm.mdm.codes import MdmCode
from freeradius_mdm.mdm.http_errors import translate

NAME = ssl.SSLCertVerificationError("hostname mismatch")
NAME.verify_code = 62


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (requests.ConnectTimeout("x"), MdmCode.CONNECT_TIMEOUT),
        (requests.ReadTimeout("x"), MdmCode.READ_TIMEOUT),
        (requests.exceptions.ProxyError("x"), MdmCode.PROXY),
        (requests.exceptions.SSLError(NAME), MdmCode.TLS),
        (requests.ConnectionError(socket.gaierror(-2, "Name or service not known")), MdmCode.DNS),
        (requests.ConnectionError(ConnectionResetError(104, "Connection reset by peer")), MdmCode.CONNECTION),
        (requests.ConnectionError(ssl.SSLEOFError(8, "EOF")), MdmCode.CONNECTION),
        (requests.exceptions.ChunkedEncodingError("x"), MdmCode.CONNECTION),
        (urllib3.exceptions.ProtocolError("x"), MdmCode.CONNECTION),
        (urllib3.exceptions.DecodeError("x"), MdmCode.PROTOCOL),
        (ValueError("x"), MdmCode.CONNECTION),
    ],
)
def test_codes(error: Exception, code: MdmCode) -> None:
    assert translate(error, "h").code is code


def test_only_another_name_calls_for_another_address() -> None:
    assert translate(requests.exceptions.SSLError(NAME), "h").certificate_name
    assert not translate(requests.exceptions.SSLError(ssl.SSLError("x")), "h").certificate_name


def test_the_text_is_the_innermost_reason_and_holds_no_address() -> None:
    reason = OSError(113, "No route to host")
    wrapped = requests.ConnectionError("HTTPSConnectionPool(host='h'): /cisco/devices/?value=0d9f6f0e", reason)
    assert translate(wrapped, "h").detail == "No route to host (OSError)"

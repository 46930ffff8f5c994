import json

import pytest

from freeradius_mdm.mdm.entra_error import read

DESCRIPTION = "AADSTS700016: Application with identifier 'x' was not found."
TRACE = "5b1e4f0e-0000-4444-8888-000000000000"
CORRELATION = "0f8fad5b-d9cb-469f-a165-70867728950e"


def body(separator: str, **changes: object) -> str:
    tail = [f"Trace ID: {TRACE}", f"Correlation ID: {CORRELATION}", "Timestamp: 2026-11-23 09:48:10Z"]
    values = {
        "error": "unauthorized_client",
        "error_description": separator.join([DESCRIPTION, *tail]),
        "error_codes": [700016],
        "timestamp": "2026-11-23 09:48:10Z",
        "trace_id": TRACE,
        "correlation_id": CORRELATION,
        "error_uri": "https://login.microsoftonline.com/error?code=700016",
    }
    return json.dumps({**values, **changes})


@pytest.mark.parametrize("separator", ["\r\n", " "])
def test_both_styles_of_description(separator: str) -> None:
    error = read(400, body(separator))
    assert error is not None
    assert error.description == DESCRIPTION
    assert error.codes == (700016,)
    assert error.correlation_id == CORRELATION
    assert error.timestamp == "2026-11-23 09:48:10Z"


@pytest.mark.parametrize("separator", ["\r\n", " "])
def test_what_the_fields_leave_out_is_taken_from_the_description(separator: str) -> None:
    error = read(400, body(separator, error_codes=None, timestamp=None, correlation_id=None))
    assert error is not None
    assert (error.codes, error.correlation_id, error.timestamp) == (
        (700016,),
        CORRELATION,
        "2026-11-23 09:48:10Z",
    )


def test_the_line_shows_code_correlation_and_time() -> None:
    line = str(read(400, body("\r\n")))
    assert "HTTP 400 unauthorized_client" in line
    assert "AADSTS700016" in line
    assert CORRELATION in line
    assert "2026-11-23 09:48:10Z" in line
    assert "\n" not in line


def test_an_unknown_code_passes_through_verbatim() -> None:
    error = read(401, body(" ", error_codes=[987654], error_description="AADSTS987654: Something new."))
    assert error is not None
    assert "AADSTS987654: Something new." in str(error)
    assert error.advice == "check client_id, tenant and cloud"


def test_a_number_without_a_description_is_shown() -> None:
    assert "AADSTS90002" in str(read(400, '{"error":"invalid_request","error_codes":[90002]}'))


@pytest.mark.parametrize("text", ["", "<html>", "[]", "{}", '{"error": {"code": "x"}}', "null", '"error"'])
def test_other_bodies_are_no_entra_errors(text: str) -> None:
    assert read(403, text) is None

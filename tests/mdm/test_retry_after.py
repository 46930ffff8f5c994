import pytest

from freeradius_mdm.mdm.retry_after import parse_retry_after

NOW = 1_795_427_290.0  # Mon, 23 Nov 2026 09:48:10 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("999999", 3600.0),
        ("Mon, 23 Nov 2026 09:48:20 GMT", 10.0),
        ("Mon, 23 Nov 2026 09:48:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 09:48:00 GMT", 3600.0),
        (None, None),
        ("", None),
        ("-3", None),
        ("soon", None),
        ("1.5", None),
    ],
)
def test_forms(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds

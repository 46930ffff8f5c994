import pytest

from freeradius_mdm.mdm.json_text import read_json


def test_a_value() -> None:
    assert read_json(b'{"a": [1, "\xc3\xa4"]}') == {"a": [1, "ä"]}


@pytest.mark.parametrize("body", ["", "<html>", b"\xff\xfe\xff", "[" * 200_000, "nul"])
def test_everything_else_is_none(body: str | bytes) -> None:
    assert read_json(body) is None

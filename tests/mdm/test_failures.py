from freeradius_mdm.mdm.codes import MdmCode
from freeradius_mdm.mdm.failures import failure, one_line


def test_foreign_text_can_not_forge_a_log_line() -> None:
    assert one_line("a\r\nb\tc\x00\x1b[31m\u2028d") == "a b c [31m d"


def test_text_is_cut() -> None:
    assert one_line("x" * 50, 10) == "xxxxxxx..."


def test_the_error_opens_with_the_meaning_of_its_code() -> None:
    error = failure(MdmCode.DNS, "host: no such name.", retry_after=3)
    assert error.code == "M1204"
    assert error.detail == "the name can't be resolved: host: no such name"
    assert error.advice
    assert (error.retry_after, error.server_down) == (3, True)


def test_advice_can_be_more_precise() -> None:
    assert failure(MdmCode.DNS, "", advice="do\nthis").advice == "do this"

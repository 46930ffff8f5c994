import re

from freeradius_mdm.mdm.codes import CODES, MdmCode


def test_every_code_has_a_meaning_and_a_next_step() -> None:
    assert set(CODES) == set(MdmCode)
    assert all(entry.text and entry.advice for entry in CODES.values())


def test_codes_stay_in_their_range() -> None:
    # M1240 and above are steps of a decision (codes.py of the package).
    assert all(re.fullmatch(r"M12[0-3]\d", code) for code in MdmCode)

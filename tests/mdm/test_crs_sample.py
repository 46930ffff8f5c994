import logging

import pytest

from freeradius_mdm.mdm.crs_sample import Samples
from freeradius_mdm.mdm.http import HttpResponse

GUID = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
PATH = f"/cisco/devices/?paging=0&querycriteria=guid&value={GUID}&filter=all"
BODY = f'<ise_api x="1"><deviceList><device><guid>{GUID}</guid></device></deviceList></ise_api>'.encode()


def test_the_first_of_a_kind_is_logged_without_any_value(caplog: pytest.LogCaptureFixture) -> None:
    samples = Samples("intune")
    with caplog.at_level(logging.INFO):
        for status in (200, 200, 404):
            samples.note(PATH, HttpResponse(status, {"content-type": "application/xml"}, BODY))
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert "question=guid status=200" in lines[0]
    assert "elements=ise_api,deviceList,device,guid" in lines[0]
    assert not any(GUID in line for line in lines)

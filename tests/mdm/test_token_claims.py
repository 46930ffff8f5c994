import base64
import json

import pytest

from freeradius_mdm.mdm.token_claims import read_claims


def token(payload: object) -> str:
    parts = [{"alg": "RS256"}, payload]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "signature"])


def test_what_diagnosis_needs() -> None:
    claims = read_claims(
        token(
            {
                "aud": "https://api.manage.microsoft.com/",
                "tid": "t",
                "appid": "a",
                "roles": ["get_device_compliance"],
                "exp": 12,
            }
        )
    )
    assert claims is not None
    assert (claims.audience, claims.tenant, claims.application) == ("https://api.manage.microsoft.com/", "t", "a")
    assert (claims.roles, claims.expires_at) == (("get_device_compliance",), 12.0)


def test_a_token_nobody_consented_to_has_no_roles() -> None:
    claims = read_claims(token({"aud": "x", "azp": "b"}))
    assert claims is not None
    assert (claims.roles, claims.show_roles(), claims.application) == ((), "none", "b")


@pytest.mark.parametrize("value", ["", "opaque", "a.b", "a.b.c", "a.!!!.c", "a.W10.c", "a.b.c.d.e", token([1])])
def test_what_can_not_be_read_is_no_failure(value: str) -> None:
    assert read_claims(value) is None

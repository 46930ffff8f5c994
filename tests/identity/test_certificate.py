"""Device ids in certificates: the URI attributes of 3.2.7, and the printed text of 3.2.1 (freeradius.md section 5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.codes import Code
from freeradius_mdm.config.model import IdentitySourceType
from freeradius_mdm.identity import certificate
from freeradius_mdm.identity.model import Finding
from tests.builders import DEVICE, OTHER, PRINTED, SID, URI, URI_ATTRIBUTE, patterns, request

OTHER_URI = f"ID:Microsoft Endpoint Manager:GUID:{OTHER}"
SCHEME = f"IntuneDeviceId://{DEVICE}"
UPN = "othername: UPN::alice@example.com"


def by_attributes(*names: str) -> Finding:
    """3.2.7 and later: an attribute for each URI name, and the printed text beside them."""
    pairs = [(PRINTED, ", ".join(f"URI:{name}" for name in names)[:1023])] if names else []
    pairs += [(URI_ATTRIBUTE, name) for name in names]
    usual = patterns(IdentitySourceType.CERTIFICATE_URI)
    return certificate.from_uri_names(request(*pairs), usual, has_uri_attribute=True)


def by_text(*texts: str) -> Finding:
    """3.2.1: the extension as OpenSSL prints it."""
    pairs = [(PRINTED, text) for text in texts]
    usual = patterns(IdentitySourceType.CERTIFICATE_URI)
    return certificate.from_uri_names(request(*pairs), usual, has_uri_attribute=False)


def code(found: Finding) -> Code | None:
    return found.refusal[0] if found.refusal else None


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        # The id alone; the SID first, last, twice; the id in two forms; other names beside.
        ([URI], (DEVICE,)),
        ([SID, URI], (DEVICE,)),
        ([URI, SID], (DEVICE,)),
        ([SID, URI, SID + "-2"], (DEVICE,)),
        ([URI, URI], (DEVICE,)),
        ([URI, SCHEME], (DEVICE,)),
        ([URI, "https://example.com/device"], (DEVICE,)),
        # None.
        ([SID], ()),
        ([], ()),
        (["https://example.com/device"], ()),
        # A name that imitates two, whole in one attribute: no form of ours.
        ([f"http://x/, URI:{URI}"], ()),
    ],
)
def test_uri_attributes(names: list[str], ids: tuple[str, ...]) -> None:
    found = by_attributes(*names)
    assert (found.ids, found.refusal) == (ids, None)


@pytest.mark.parametrize(
    ("names", "refusal"),
    [
        ([URI, OTHER_URI], Code.AMBIGUOUS_IDENTITY),
        ([SCHEME, SID, OTHER_URI], Code.AMBIGUOUS_IDENTITY),
        (["ID:Microsoft Endpoint Manager:GUID:{{DeviceId}}"], Code.VARIABLE_NOT_FILLED),
        (["ID:Microsoft Endpoint Manager:GUID:00000000-0000-0000-0000-000000000000"], Code.MALFORMED_IDENTITY),
        # One good id does not heal a bad one beside it.
        ([URI, "IntuneDeviceId://{{DeviceId}}"], Code.VARIABLE_NOT_FILLED),
        # A name that may have been cut: 1000 bytes and more.
        ([URI, "https://example.com/" + "x" * 980], Code.CUT_CERTIFICATE_TEXT),
    ],
)
def test_uri_attributes_refused(names: list[str], refusal: Code) -> None:
    found = by_attributes(*names)
    assert (found.ids, code(found)) == ((), refusal)


def test_uri_attributes_without_the_printed_text_may_end_at_a_nul() -> None:
    # OpenSSL prints nothing of an extension in which a name holds a NUL; the attribute shows the name up to it.
    usual = patterns(IdentitySourceType.CERTIFICATE_URI)
    found = certificate.from_uri_names(request((URI_ATTRIBUTE, URI)), usual, has_uri_attribute=True)
    assert (found.ids, code(found)) == ((), Code.UNSAFE_CERTIFICATE_TEXT)


def test_the_printed_text_is_not_believed_where_there_are_attributes() -> None:
    pairs = request((PRINTED, f"URI:{URI}"))
    usual = patterns(IdentitySourceType.CERTIFICATE_URI)
    assert certificate.from_uri_names(pairs, usual, has_uri_attribute=True) == Finding()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # Alone; the SID first and last, whose own comma has no blank behind it; the same id in two forms.
        (f"URI:{URI}", (DEVICE,)),
        (f"URI:{SCHEME}", (DEVICE,)),
        (f"URI:ID:Microsoft Endpoint Manager:GUID:{{{DEVICE.upper()}}}", (DEVICE,)),
        (f"URI:{SID}, URI:{URI}", (DEVICE,)),
        (f"URI:{URI}, URI:{SID}", (DEVICE,)),
        (f"URI:{URI}, URI:{SCHEME}", (DEVICE,)),
        # No device id at all: the next source is asked.
        (f"URI:{SID}", ()),
        (UPN, ()),
        ("DNS:laptop.example.com, email:alice@example.com", ()),
    ],
)
def test_printed_text(text: str, ids: tuple[str, ...]) -> None:
    found = by_text(text)
    assert (found.ids, found.refusal) == (ids, None)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        # freeradius.md section 5: one URI, one e-mail name that holds `, URI:`; any other kind of name.
        (f"URI:http://x/, URI:{URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"email:alice@example.com, URI:{URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"URI:{URI}, email:x, URI:{URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"DNS:x, URI:{URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"DNS:URI:{URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"DirName:/CN=x, URI:{URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"{UPN}, URI:{URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"URI:{URI}, {UPN}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"othername: UPN::a, URI:{URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        # Not in the place of a name, or with something around it.
        (URI, Code.UNSAFE_CERTIFICATE_TEXT),
        (f"URI: {URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"URI:{URI} ", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"URI:{URI},URI:{SCHEME}", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"URI:{URI}\n", Code.UNSAFE_CERTIFICATE_TEXT),
        (f"URI:{URI}, ", Code.UNSAFE_CERTIFICATE_TEXT),
        # A second SID name, which no CA writes.
        (f"URI:{SID}, URI:{SID}, URI:{URI}", Code.UNSAFE_CERTIFICATE_TEXT),
        # Two ids; a variable that was not filled in; no GUID; the zero GUID.
        (f"URI:{URI}, URI:{OTHER_URI}", Code.AMBIGUOUS_IDENTITY),
        ("URI:ID:Microsoft Endpoint Manager:GUID:{{DeviceId}}", Code.VARIABLE_NOT_FILLED),
        ("URI:ID:Microsoft Endpoint Manager:GUID:{{AAD_Device_ID}}", Code.VARIABLE_NOT_FILLED),
        ("URI:ID:Microsoft Endpoint Manager:GUID:laptop", Code.MALFORMED_IDENTITY),
        ("URI:IntuneDeviceId://00000000-0000-0000-0000-000000000000", Code.MALFORMED_IDENTITY),
    ],
)
def test_printed_text_refused(text: str, refusal: Code) -> None:
    found = by_text(text)
    assert (found.ids, code(found)) == ((), refusal)


def test_the_one_forgery_that_3_2_1_cannot_tell_apart() -> None:
    """Documented in the README: a single URI name `<SID>, URI:<id>` prints like the two names it imitates."""
    assert by_text(f"URI:{SID}, URI:{URI}").ids == (DEVICE,)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        # freeradius.md section 2.2: cut at 1023 bytes; 1000 and more may have been.
        (f"URI:{URI}, DNS:" + "x" * 1023, Code.CUT_CERTIFICATE_TEXT),
        (f"URI:{URI}".ljust(1023, "x"), Code.CUT_CERTIFICATE_TEXT),
        (f"URI:{URI}".ljust(1000, "x"), Code.CUT_CERTIFICATE_TEXT),
        (f"URI:{URI}".ljust(999, "x"), Code.MALFORMED_IDENTITY),
        # Counted in bytes.
        (f"URI:{URI}" + "é" * 470, Code.CUT_CERTIFICATE_TEXT),
        # Also when the part that is left shows no device id.
        ("DNS:" + "x" * 1019, Code.CUT_CERTIFICATE_TEXT),
    ],
)
def test_printed_text_that_may_be_cut(text: str, refusal: Code) -> None:
    assert code(by_text(text)) is refusal


def test_two_different_extensions_are_refused_and_the_same_twice_is_one() -> None:
    # In PEAP and TTLS every certificate attribute stands twice.
    assert by_text(f"URI:{URI}", f"URI:{URI}").ids == (DEVICE,)
    assert code(by_text(f"URI:{URI}", f"URI:{OTHER_URI}")) is Code.UNSAFE_CERTIFICATE_TEXT


names = st.sampled_from(["DNS:", "email:", "othername: UPN::", "DirName:/CN=", "IP Address:", "URI:http://"])
filling = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@given(kind=names, before=filling, after=filling)
def test_no_text_inside_another_kind_of_name_gives_an_id(kind: str, before: str, after: str) -> None:
    """The holder chooses what stands in a name, the kind is the CA's."""
    assert by_text(f"{kind}{before}, URI:{URI}{after}").ids == ()
    assert by_text(f"URI:{SID}, {kind}{before}, URI:{URI}{after}").ids == ()


@given(
    st.lists(st.sampled_from([f"URI:{URI}", f"URI:{SID}", f"URI:{OTHER_URI}", UPN, "DNS:x", "", "URI:"]), max_size=5)
)
def test_an_id_is_taken_only_from_ids_and_at_most_one_sid(parts: list[str]) -> None:
    found = by_text(", ".join(parts))
    whole = f"URI:{URI}" in parts and set(parts) <= {f"URI:{URI}", f"URI:{SID}"} and parts.count(f"URI:{SID}") <= 1
    other = f"URI:{OTHER_URI}" in parts and set(parts) <= {f"URI:{OTHER_URI}", f"URI:{SID}"}
    if whole:
        assert found.ids == (DEVICE,)
    elif other and parts.count(f"URI:{SID}") <= 1:
        assert found.ids == (OTHER,)
    else:
        assert found.ids == ()


def common_name(*values: str) -> Finding:
    pairs = [("TLS-Client-Cert-Common-Name", value) for value in values]
    usual = patterns(IdentitySourceType.CERTIFICATE_CN)
    return certificate.from_common_name(request(*pairs), usual)


@pytest.mark.parametrize(
    ("values", "ids", "refusal"),
    [
        ([DEVICE.upper()], (DEVICE,), None),
        ([DEVICE, DEVICE], (DEVICE,), None),
        (["alice"], (), None),
        ([], (), None),
        ([DEVICE, OTHER], (), Code.AMBIGUOUS_IDENTITY),
        (["{{DeviceId}}"], (), Code.VARIABLE_NOT_FILLED),
        (["x" * 1000], (), Code.CUT_CERTIFICATE_TEXT),
        # A hash without dashes is no GUID.
        ([DEVICE.replace("-", "")], (), None),
    ],
)
def test_common_name(values: list[str], ids: tuple[str, ...], refusal: Code | None) -> None:
    found = common_name(*values)
    assert (found.ids, code(found)) == (ids, refusal)


def test_the_issuers_name_is_not_the_devices() -> None:
    usual = patterns(IdentitySourceType.CERTIFICATE_CN)
    assert certificate.from_common_name(request(("TLS-Cert-Common-Name", DEVICE)), usual) == Finding()

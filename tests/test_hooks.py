"""radiusd's calling convention: exact types, codes 0 and 8 only, and a reject whatever goes wrong."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freeradius_mdm.enforcement import Result
from freeradius_mdm.reply import TYPES, List, Pair
from freeradius_mdm.store.write import StoreWriter
from tests.builders import KEY, MAB, PRINTED, URI, URI_ATTRIBUTE, WIRED_EAP_TLS, record, write_toml
from tests.radiusd_stub import RadiusdStub
from tests.test_reply import assert_taken_as_it_is

ROOT = Path(__file__).parents[1]
LAPTOP = (*WIRED_EAP_TLS, (PRINTED, f"URI:{URI}"), (URI_ATTRIBUTE, URI))
SUCCESS = (("MS-MPPE-Recv-Key", "0x01"), ("EAP-Message", "0x03070004"))
REJECT, UPDATED = 0, 8


def dictionaries(directory: Path, *, leave_out: str = "", uri: bool = True) -> dict[str, str]:
    """Two dictionary files with every name we send, as small as they get."""
    lines = []
    for at, (name, kind) in enumerate(TYPES.items()):
        if name == leave_out:
            continue
        number, vendor = kind.number or 3600 + at, f"V{kind.vendor}" if kind.vendor else ""
        lines += [f"VENDOR {vendor} {kind.vendor}", f"BEGIN-VENDOR {vendor}"] if vendor else []
        lines.append(f"ATTRIBUTE {name} {number} {kind.form} {'has_tag' if kind.tagged else ''}")
        lines += [f"END-VENDOR {vendor}"] if vendor else []
        lines += [f"VALUE {name} {value} {of}" for value, of in (kind.names or {}).items()]
    lines += [f"ATTRIBUTE {URI_ATTRIBUTE} 1935 string"] if uri else []
    (directory / "dictionary").write_text("\n".join(lines), encoding="utf-8")
    (directory / "local").write_text("", encoding="utf-8")
    file = directory / "mdm.toml"
    return {
        "file": str(file),
        "dictionary": str(directory / "dictionary"),
        "local_dictionary": str(directory / "local"),
    }


Load = Callable[[dict[str, str]], tuple[Any, RadiusdStub]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import hooks.py anew with a `radiusd` of the test's own; neither is left behind."""
    loaded: list[ModuleType] = []

    def run(config: dict[str, str]) -> tuple[Any, RadiusdStub]:
        stub = RadiusdStub(config)
        monkeypatch.setitem(sys.modules, "radiusd", stub)
        sys.modules.pop("freeradius_mdm.hooks", None)
        hooks = importlib.import_module("freeradius_mdm.hooks")
        loaded.append(hooks)
        return hooks, stub

    yield run
    for hooks in loaded:
        hooks.detach()
    sys.modules.pop("freeradius_mdm.hooks", None)


@pytest.fixture
def running(tmp_path: Path, load: Load) -> Iterator[tuple[Any, RadiusdStub]]:
    write_toml(tmp_path)
    (tmp_path / "state" / "journal").mkdir(parents=True)
    store = StoreWriter(tmp_path / "state")
    found = record(0)
    assert found.answer is not None
    store.put_answer(KEY, found.answer, time.time() - 60)
    yield load(dictionaries(tmp_path))
    store.close()


def lists(request: object, **others: object) -> dict[str, Any]:
    """What a hook is called with; dashes of the names are written as underlines here."""
    empty = {"reply": None, "config": None, "session-state": None, "proxy-request": None, "proxy-reply": None}
    return {"request": request, **empty, **{name.replace("_", "-"): value for name, value in others.items()}}


def checked(result: object) -> tuple[int, dict[str, Any]]:
    """Exact types, and a code that is neither negative nor one of those that let a device in by accident."""
    assert type(result) is tuple
    assert len(result) == 2
    code, given_back = result
    assert type(code) is int
    assert code in (REJECT, UPDATED)
    assert_taken_as_it_is(given_back)
    return code, given_back


def test_decide_and_confirm(running: tuple[Any, RadiusdStub]) -> None:
    hooks, stub = running
    assert hooks.instantiate(lists(None)) == 0
    code, given_back = checked(hooks.authorize(lists(LAPTOP)))
    assert code == UPDATED
    reply = tuple((name, value) for name, operator, value in given_back["reply"] if operator != "!*")
    assert ("Tunnel-Private-Group-Id:1", "20") in reply
    assert checked(hooks.post_auth(lists(LAPTOP, reply=(*reply, *SUCCESS)))) == (UPDATED, {})
    assert stub.errors() == []
    assert [text.split(" id=")[0] for _, text in stub.log] == ["mdm decision"]
    # The same Accept a second time is nobody's decision.
    code, given_back = checked(hooks.post_auth(lists(LAPTOP, reply=(*reply, *SUCCESS))))
    assert code == REJECT
    assert ("EAP-Message", ":=", "0x04070004") in given_back["reply"]
    assert hooks.detach() == 0


def test_a_reject_is_journaled_and_not_turned_around(running: tuple[Any, RadiusdStub]) -> None:
    hooks, stub = running
    code, given_back = checked(hooks.authorize(lists((("User-Name", "nobody"),))))
    assert code == REJECT
    reply = tuple((name, value) for name, _, value in given_back["reply"])
    place = (("MDM-Place", "reject"),)
    assert checked(hooks.post_auth(lists((("User-Name", "nobody"),), reply=reply, config=place)))[0] == UPDATED
    assert "outcome=reject" in stub.log[-1][1]


def test_what_the_client_sends_as_place_does_not_count(running: tuple[Any, RadiusdStub]) -> None:
    hooks, _ = running
    forged = (*LAPTOP, ("MDM-Place", "reject"))
    assert checked(hooks.post_auth(lists(forged, reply=SUCCESS)))[0] == REJECT


any_list = st.one_of(
    st.none(),
    st.lists(
        st.tuples(st.sampled_from([*dict(LAPTOP + MAB), "Cisco-AVPair", "MDM-Decision-Id"]), st.text()), max_size=6
    ).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(request=any_list, reply=any_list, control=any_list, state=any_list)
def test_whatever_comes_the_result_is_one_that_rlm_python3_takes(
    running: tuple[Any, RadiusdStub], request: object, reply: object, control: object, state: object
) -> None:
    hooks, stub = running
    for hook in (hooks.authorize, hooks.post_auth):
        checked(hook(lists(request, reply=reply, config=control, session_state=state)))
    assert not [text for text in stub.errors() if text.startswith("M1009")]


@pytest.mark.parametrize("broken", [None, {}, {"request": 7}, {"request": (("one",),)}, {"request": (("a", None),)}])
def test_a_defect_is_a_reject_that_tells_its_place_and_no_value(running: tuple[Any, RadiusdStub], broken: Any) -> None:
    hooks, stub = running
    assert checked(hooks.post_auth(broken))[0] == REJECT
    del stub.log[:]
    hooks._enforcement.decide = lambda _: 1 / 0
    code, given_back = checked(hooks.authorize(lists((("User-Password", "hunter2"),), reply=SUCCESS)))
    assert code == REJECT
    assert ("EAP-Message", ":=", "0x04070004") in given_back["reply"]
    assert len(stub.errors()) == 1
    assert stub.errors()[0].startswith("M1009 ZeroDivisionError at test_hooks.py:")
    assert "hunter2" not in stub.errors()[0]


def test_a_reply_that_cannot_be_vouched_for_is_a_reject(running: tuple[Any, RadiusdStub]) -> None:
    hooks, stub = running
    hooks._enforcement.decide = lambda _: Result(True, {List.REPLY: [Pair("Session-Timeout", "abc")]})
    assert checked(hooks.authorize(lists(LAPTOP)))[0] == REJECT
    assert stub.errors()[0].startswith("M1410 ")


def test_a_name_the_server_does_not_know_stops_the_start(tmp_path: Path, load: Load) -> None:
    write_toml(tmp_path)
    with pytest.raises(ImportError):
        load(dictionaries(tmp_path, leave_out="MDM-Rule"))
    stub = sys.modules["radiusd"]
    assert isinstance(stub, RadiusdStub)
    assert stub.errors() == [f"mdm: {tmp_path}/local lacks MDM-Rule: add the line $INCLUDE dictionary.mdm"]


def test_a_dictionary_that_changes_what_we_send_stops_the_start(tmp_path: Path, load: Load) -> None:
    """A site's own line replaces the packaged one; values would arrive as zero, or under another name."""
    write_toml(tmp_path)
    files = dictionaries(tmp_path)
    Path(files["local_dictionary"]).write_text("ATTRIBUTE Filter-Id 11 octets\n", encoding="utf-8")
    with pytest.raises(ImportError):
        load(files)
    stub = sys.modules["radiusd"]
    assert isinstance(stub, RadiusdStub)
    assert stub.errors() == [
        "mdm: Filter-Id is of type octets instead of string: "
        f"undo what {tmp_path}/local or a file it includes says of it"
    ]


def test_a_faulty_configuration_stops_the_start_with_every_error(tmp_path: Path, load: Load) -> None:
    write_toml(tmp_path, "nonsense = 1\n")
    with pytest.raises(ImportError):
        load(dictionaries(tmp_path))
    stub = sys.modules["radiusd"]
    assert isinstance(stub, RadiusdStub)
    assert all(text.startswith("mdm: ") for text in stub.errors())
    assert any("nonsense is not a setting" in text or "nonsense: is not a setting" in text for text in stub.errors())


def test_a_missing_dictionary_stops_the_start_and_is_named(tmp_path: Path, load: Load) -> None:
    write_toml(tmp_path)
    settings_ = dictionaries(tmp_path) | {"dictionary": str(tmp_path / "gone")}
    with pytest.raises(ImportError):
        load(settings_)
    stub = sys.modules["radiusd"]
    assert isinstance(stub, RadiusdStub)
    assert stub.errors() == [
        f"mdm: {tmp_path}/gone can't be read: No such file or directory; see config in mods-available/mdm_policy"
    ]


def test_start_has_no_side_effect(tmp_path: Path, load: Load) -> None:
    """`radiusd -C` imports and instantiates too."""
    write_toml(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    hooks, _ = load(dictionaries(tmp_path))
    hooks.instantiate(lists(None))
    assert sorted(set(tmp_path.rglob("*")) - set(before)) == [tmp_path / "dictionary", tmp_path / "local"]


@pytest.mark.parametrize("uri", [True, False])
def test_uri_names_are_read_where_this_freeradius_has_an_attribute_for_them(
    tmp_path: Path, load: Load, uri: bool
) -> None:
    write_toml(tmp_path)
    hooks, _ = load(dictionaries(tmp_path, uri=uri))
    forged = (*WIRED_EAP_TLS, (PRINTED, f"email:x, URI:{URI}"), (URI_ATTRIBUTE, URI))
    assert checked(hooks.authorize(lists(forged)))[0] == (UPDATED if uri else REJECT)


PROGRAM = """
import sys, types
stub = types.ModuleType("radiusd")
stub.config = {"file": sys.argv[1], "dictionary": sys.argv[2], "local_dictionary": sys.argv[2]}
stub.radlog, stub.L_INFO, stub.L_ERR = print, 3, 4
sys.modules["radiusd"] = stub
import freeradius_mdm.hooks, threading
foreign = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(sorted(foreign - {"radiusd", "freeradius_mdm", "__main__"}), threading.active_count())
"""


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no python3 of the system")
def test_standard_library_only_and_no_threads_under_the_systems_python(tmp_path: Path) -> None:
    write_toml(tmp_path)
    names = dictionaries(tmp_path)
    done = subprocess.run(
        ["/usr/bin/python3", "-S", "-W", "error", "-c", PROGRAM, names["file"], names["dictionary"]],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT / "module"), "LANG": "C"},
    )
    assert (done.stdout, done.stderr) == ("[] 1\n", "")


ACL = (("Cisco-AVPair", "aaa:event=acl-download"), ("MDM-Client-Address", "192.0.2.10"))
# The version is the SHA-256 of `permit ip any any`, by sha256sum.
OPEN = "#ACSACL#-IP-OPEN-ba3efdc0"


def test_a_download_is_handled_and_confirmed(running: tuple[Any, RadiusdStub]) -> None:
    hooks, stub = running
    asked = (("User-Name", OPEN), *ACL)
    place = (("MDM-Place", "download"),)
    code, given_back = hooks.authorize(lists(asked, config=place))
    assert (type(code), code) == (int, 3)  # RLM_MODULE_HANDLED
    assert_taken_as_it_is(given_back)
    assert given_back["config"] == (("Response-Packet-Type", ":=", "Access-Accept"),)
    assert ("Cisco-AVPair", "+=", "ip:inacl#1=permit ip any any") in given_back["reply"]
    reply = tuple((name, value) for name, _, value in given_back["reply"])
    assert checked(hooks.post_auth(lists(asked, reply=reply, config=place))) == (UPDATED, {})
    assert "mdm download id=" in stub.log[-1][1]
    # A second time it is nobody's, and without the mark it is an Accept without a decision.
    assert checked(hooks.post_auth(lists(asked, reply=reply, config=place)))[0] == REJECT
    assert checked(hooks.post_auth(lists(asked, reply=reply)))[0] == REJECT


def test_the_mark_counts_in_the_control_list_alone(running: tuple[Any, RadiusdStub]) -> None:
    hooks, _ = running
    asked = (("User-Name", OPEN), ("MDM-Place", "download"), *ACL)
    assert checked(hooks.authorize(lists(asked)))[0] in (REJECT, UPDATED)
    assert checked(hooks.post_auth(lists(asked)))[0] == REJECT


def test_a_refused_download_is_a_reject(running: tuple[Any, RadiusdStub]) -> None:
    hooks, stub = running
    asked = (("User-Name", OPEN), ("MDM-Client-Address", "192.0.2.10"))
    code, given_back = checked(hooks.authorize(lists(asked, config=(("MDM-Place", "download"),))))
    assert code == REJECT
    reply = tuple((name, value) for name, _, value in given_back["reply"])
    place = (("MDM-Place", "download-reject"),)
    assert checked(hooks.post_auth(lists(asked, reply=reply, config=place)))[0] == UPDATED
    assert "outcome=refused" in stub.errors()[-1]
    assert "code=M1512" in stub.errors()[-1]


def test_an_unsigned_download_is_journaled_and_decides_nothing(running: tuple[Any, RadiusdStub]) -> None:
    hooks, stub = running
    asked = (("User-Name", OPEN), *ACL)
    assert checked(hooks.authorize(lists(asked, config=(("MDM-Place", "download-unsigned"),)))) == (UPDATED, {})
    assert "outcome=dropped" in stub.errors()[-1]


ACCOUNTING = (
    ("User-Name", "host/laptop"),
    ("Acct-Status-Type", "Start"),
    ("Acct-Session-Id", "0000001A"),
    ("User-Password", "hunter2"),
    ("MDM-Client-Address", "192.0.2.10"),
)
OK, INVALID = 2, 4


def journaled(directory: Path, kind: str) -> list[dict[str, Any]]:
    """The bodies of the journal's lines of that type."""
    lines = [line for file in (directory / "state/journal").iterdir() for line in file.read_text().splitlines() if line]
    return [entry["body"] for entry in map(json.loads, lines) if entry["type"] == kind]


def test_accounting_is_journaled_and_acknowledged(running: tuple[Any, RadiusdStub], tmp_path: Path) -> None:
    hooks, stub = running
    given_back = hooks.accounting(lists(ACCOUNTING))
    assert given_back == (OK, {})
    assert type(given_back[0]) is int
    (body,) = journaled(tmp_path, "accounting")
    assert (body["status"], body["client"], body["acct_session_id"]) == ("start", "192.0.2.10", "0000001A")
    assert "hunter2" not in json.dumps(body)
    assert stub.errors() == []


def test_accounting_that_is_not_journaled_is_not_acknowledged(running: tuple[Any, RadiusdStub], tmp_path: Path) -> None:
    """INVALID, because FreeRADIUS answers after FAIL where a site forwards accounting (main/acct.c)."""
    hooks, stub = running
    (tmp_path / "state/journal").rmdir()
    assert hooks.accounting(lists(ACCOUNTING)) == (INVALID, {})
    (error,) = stub.errors()
    assert "accounting start '0000001A' of 192.0.2.10 is not journaled nor acknowledged: journal " in error
    (tmp_path / "state/journal").mkdir()
    assert hooks.accounting(lists(ACCOUNTING)) == (OK, {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(request=any_list)
def test_whatever_is_accounted_for_is_acknowledged(running: tuple[Any, RadiusdStub], request: object) -> None:
    hooks, stub = running
    assert hooks.accounting(lists(request)) == (OK, {})
    assert stub.errors() == []


def test_a_defect_in_accounting_is_told_and_acknowledged(running: tuple[Any, RadiusdStub]) -> None:
    hooks, stub = running
    assert hooks.accounting({"request": 7}) == (OK, {})
    assert stub.errors()[0].startswith("M1009 TypeError at request.py:")

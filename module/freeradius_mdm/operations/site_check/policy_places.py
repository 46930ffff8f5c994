"""Where the policy is called: README's step 1, in every virtual server that listens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...raddb.tree import Section
from ..codes import OperationCode
from .finding import Finding, Findings
from .policy_calls import Call, calls
from .site import Site, value

_CALLS = Findings("raddb.calls", OperationCode.SITE_RADDB)
_AUTH, _ACCT = {"auth", "auth+acct"}, {"acct", "auth+acct"}


def check(site: Site) -> Iterator[Finding]:
    """Every server that takes requests from network devices."""
    if site.top is None:
        return
    listening = [(server, kinds) for server in site.servers() if (kinds := _kinds(server))]
    uses = [server for server, _ in listening if _calls_mdm(server, site.top)]
    # Those inside of EAP are eap.py's to look at; the packaged one listens on this machine for tests.
    inner = {value(method, "virtual_server") for eap in site.modules("eap") for method in eap.sections}
    if not uses:
        what = "no virtual server that listens calls mdm: nothing is decided by device compliance"
        yield _CALLS.error(what, "make the edits of freeradius/stock.patch (README, step 1)", str(site.raddb))
        return
    for server, kinds in listening:
        if server in uses:
            yield from _server(server, kinds, site.top)
        elif server.name2 not in inner:
            what = f"server {server.name2} listens too and does not call mdm: its requests are not decided here"
            yield _CALLS.warning(what, "leave it so if it is meant", server.where)


def _server(server: Section, kinds: set[str], top: Section) -> Iterator[Finding]:
    faults: list[Finding] = []
    if kinds & _AUTH:
        faults += _authorize(server, top)
        faults += _post_auth(server, top)
    if kinds & _ACCT:
        found = _of(server, "accounting", top)
        if not _named(found, "mdm"):
            what = "accounting does not call mdm: sessions are not known, and no change of authorization reaches them"
            faults.append(_missing(server, what, "accounting { mdm ... }", "accounting"))
    yield from faults
    if not faults:
        yield _CALLS.ok(f"server {server.name2} calls mdm where it has to", server.where)


def _authorize(server: Section, top: Section) -> Iterator[Finding]:
    found = _named(listed := _of(server, "authorize", top), "mdm")
    if not found:
        what = "authorize does not call mdm: unsigned requests are answered, and no MAC is let in without a password"
        yield _missing(server, what, "authorize { mdm ... }, first in it", "authorize")
        return
    before = [call for call in listed if call.number < found[0].number]
    if before:
        what = f"{before[0].name} comes before mdm in authorize: it sees unsigned requests and names of ACLs"
        yield _CALLS.warning(f"server {server.name2}: {what}", "call mdm first", before[0].where)
    yield from _conditional(server, "authorize", found)


def _post_auth(server: Section, top: Section) -> Iterator[Finding]:
    found = _named(listed := _of(server, "post-auth", top), "mdm")
    if not found:
        what = "post-auth does not call mdm: whoever has a password or certificate is let in, without any result"
        yield _missing(server, what, "post-auth { ... mdm }, last in it", "post-auth")
    else:
        behind = [call for call in listed if call.number > found[-1].number]
        if behind:
            what = f"{behind[0].name} comes behind mdm in post-auth: what it changes in a reply is not seen"
            yield _CALLS.warning(f"server {server.name2}: {what}", "call mdm last", behind[0].where)
        yield from _conditional(server, "post-auth", found)
    section = server.find("post-auth")
    rejects = [each for each in section.all("Post-Auth-Type") if each.name2.upper() == "REJECT"] if section else []
    called = [call for each in rejects for call in calls(each, "post-auth", top)]
    if not _named(called, "mdm_reject"):
        what = "Post-Auth-Type REJECT does not call mdm_reject: rejects are not recorded, and some say EAP-Success"
        yield _missing(server, what, "Post-Auth-Type REJECT { mdm_reject ... }, first in it", "post-auth")


def _conditional(server: Section, section: str, found: Sequence[Call]) -> Iterator[Finding]:
    if all(call.under for call in found):
        what = f"server {server.name2}: {section} calls mdm under a condition alone: {found[0].under}"
        yield _CALLS.warning(what, "leave it so if it is meant; else call it without one", found[0].where)


def _missing(server: Section, what: str, line: str, section: str) -> Finding:
    there = server.find(section)
    place = there.where if there is not None else server.where
    return _CALLS.error(f"server {server.name2}: {what}", f"{line} (freeradius/stock.patch)", place)


def _calls_mdm(server: Section, top: Section) -> bool:
    return any(_named(_of(server, name, top), "mdm") for name in ("authorize", "accounting", "post-auth"))


def _of(server: Section, name: str, top: Section) -> list[Call]:
    return [call for section in server.all(name) for call in calls(section, name, top)]


def _named(found: Sequence[Call], name: str) -> list[Call]:
    return [call for call in found if call.name.partition(".")[0] == name]


def _kinds(server: Section) -> set[str]:
    """What it listens for."""
    return {value(listen, "type") for listen in server.all("listen")} & (_AUTH | _ACCT)

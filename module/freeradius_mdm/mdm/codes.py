"""The codes of everything that can go wrong on the way to an MDM server: M1200 to M1239.

Codes are stable: tools and tests may rely on them. `advice` is what the operator does next; an error may carry a
more precise one (the AADSTS table, a host name). Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class MdmCode(StrEnum):
    """`SourceError.code`."""

    UNUSABLE = "M1200"
    CONNECT_TIMEOUT = "M1201"
    READ_TIMEOUT = "M1202"
    TLS = "M1203"
    DNS = "M1204"
    CONNECTION = "M1205"
    PROXY = "M1206"
    TOKEN_REFUSED = "M1210"  # noqa: S105
    ROLE_MISSING = "M1211"
    CREDENTIAL = "M1212"
    LOGIN_FAULT = "M1213"
    NOT_LISTED = "M1220"
    ADDRESS_REFUSED = "M1221"
    GRAPH_REFUSED = "M1222"
    GRAPH_FAULT = "M1223"
    BULK_CLOSED = "M1229"
    CRS_UNAUTHORIZED = "M1230"
    CRS_FORBIDDEN = "M1231"
    THROTTLED = "M1232"
    CRS_FAULT = "M1233"
    PROTOCOL = "M1234"
    WRONG_DEVICE = "M1235"
    KIND_UNSUPPORTED = "M1236"
    CRS_BAD_REQUEST = "M1237"
    CRS_MOVED = "M1238"
    CLOSED = "M1239"


@dataclass(frozen=True, slots=True)
class CodeText:
    """What a code means, and the operator's next step."""

    text: str
    advice: str


CODES: Mapping[MdmCode, CodeText] = {
    MdmCode.UNUSABLE: CodeText(
        "this MDM server can't be asked", "mend it and write the configuration file again, or restart mdmd"
    ),
    MdmCode.CONNECT_TIMEOUT: CodeText(
        "no connection in time", "let mdmd reach this host on TCP 443: firewall, route, proxy"
    ),
    MdmCode.READ_TIMEOUT: CodeText(
        "no answer in time", "see whether it is lasting; raise read_timeout only if answers really are that slow"
    ),
    MdmCode.TLS: CodeText(
        "the TLS connection failed",
        "compare the chain shown with what Microsoft uses; a TLS inspecting proxy's root belongs into ca_file",
    ),
    MdmCode.DNS: CodeText("the name can't be resolved", "mend DNS on this machine, or check the cloud and host names"),
    MdmCode.CONNECTION: CodeText(
        "the connection was refused or broken off",
        "check firewall and proxy; if it lasts, look at Microsoft's status page",
    ),
    MdmCode.PROXY: CodeText(
        "the outbound proxy failed", "check proxy in mdm.toml, its password, and whether it allows CONNECT to this host"
    ),
    MdmCode.TOKEN_REFUSED: CodeText("Entra refused a token", "look up the AADSTS code shown"),
    MdmCode.ROLE_MISSING: CodeText(
        "the token lacks a permission",
        "grant the Intune application permission get_device_compliance, then give admin consent",
    ),
    MdmCode.CREDENTIAL: CodeText("the credential can't be used", "mend the file named, then reload mdmd"),
    MdmCode.LOGIN_FAULT: CodeText(
        "the login server failed or answered something else",
        "wait if it is Microsoft's outage; else check login_host and proxy",
    ),
    MdmCode.NOT_LISTED: CodeText(
        "the tenant lists no Compliance Retrieval Service",
        "check the Intune licence, tenant and cloud; outside the global cloud use the Graph backend",
    ),
    MdmCode.ADDRESS_REFUSED: CodeText(
        "the listed address is not one a token may be sent to",
        "if the host is really yours, name it in allowed_crs_hosts; else report it to Microsoft",
    ),
    MdmCode.GRAPH_REFUSED: CodeText(
        "Graph refused the endpoint list",
        "grant the Microsoft Graph application permission Application.Read.All, then give admin consent",
    ),
    MdmCode.GRAPH_FAULT: CodeText(
        "Graph failed or answered something else", "wait; if it lasts check graph_host and proxy"
    ),
    MdmCode.BULK_CLOSED: CodeText(
        "the bulk list is closed: it opens for one hour in four",
        "none; devices are still asked about one by one, and the list is fetched when it opens again",
    ),
    MdmCode.CRS_UNAUTHORIZED: CodeText(
        "CRS refused the token, and a new one too", "check scope (two slashes), this machine's clock, tenant and cloud"
    ),
    MdmCode.CRS_FORBIDDEN: CodeText(
        "CRS forbids the question",
        "check admin consent for get_device_compliance and Conditional Access for workload identities",
    ),
    MdmCode.THROTTLED: CodeText(
        "the service asks us to slow down", "none; if it lasts lower max_concurrent or the recheck rate"
    ),
    MdmCode.CRS_FAULT: CodeText("CRS failed", "wait; if it lasts look at Microsoft's service health page"),
    MdmCode.PROTOCOL: CodeText(
        "the answer is not what CRS sends",
        "look for a captive portal or proxy page; else report a defect with this line",
    ),
    MdmCode.WRONG_DEVICE: CodeText(
        "the answer is about another device", "report it to Microsoft with the time shown in the log"
    ),
    MdmCode.KIND_UNSUPPORTED: CodeText(
        "CRS can't be asked by this kind of identifier",
        "put {{DeviceId}} into the certificate profile, or use the Graph backend for Entra device ids",
    ),
    MdmCode.CRS_BAD_REQUEST: CodeText("CRS did not accept the question", "report a defect with this line"),
    MdmCode.CRS_MOVED: CodeText(
        "CRS is not at the address known",
        "run mdmctl test; the service may be moving your tenant to another scale unit",
    ),
    MdmCode.CLOSED: CodeText("this MDM server's client has been closed", "none; mdmd is reloading or stopping"),
}

"""Every step and reason code: what it means and what to do next. Codes are stable; tools and tests may rely on them.

Families: M10xx request, M11xx identity, M12xx MDM server, M13xx policy, M14xx reply, M15xx dACL, M16xx CoA,
M17xx VPN, M19xx our own store and journal. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Stable codes of decision steps and of rejects."""

    RECEIVED = "M1001"
    NO_DECISION = "M1002"
    NO_SUCCESS = "M1003"
    DEFECT = "M1009"
    IDENTIFIED = "M1101"
    NO_IDENTITY = "M1102"
    IGNORED_NAME = "M1103"
    AMBIGUOUS_IDENTITY = "M1110"
    CUT_CERTIFICATE_TEXT = "M1111"
    UNSAFE_CERTIFICATE_TEXT = "M1112"
    VARIABLE_NOT_FILLED = "M1113"
    RESUMED_WITHOUT_CERTIFICATE = "M1114"
    RANDOMISED_MAC = "M1115"
    MALFORMED_IDENTITY = "M1116"
    RECORD_CURRENT = "M1240"
    RECORD_DUE = "M1241"
    ANSWERED_LIVE = "M1242"
    LAST_KNOWN = "M1243"
    UNKNOWN_DEVICE_STATE = "M1244"
    RULE_SKIPPED = "M1301"
    RULE_MATCHED = "M1302"
    DEFAULT_PROFILE = "M1303"
    MONITORED = "M1304"
    REJECTED_BY_PROFILE = "M1305"
    PROFILE_SELECTED = "M1306"
    EXEMPTED = "M1307"
    EXEMPTION_IGNORED = "M1308"
    REPLY_BUILT = "M1401"
    REPLY_CONFIRMED = "M1402"
    REPLY_REFUSED = "M1410"
    REPLY_ALTERED = "M1411"
    REPLY_TOO_LONG = "M1412"
    DACL_SERVED = "M1501"
    DACL_UNKNOWN = "M1510"
    DACL_UNSIGNED = "M1511"
    DACL_NO_EVENT = "M1512"
    DACL_VERSION_GONE = "M1513"
    DACL_NOT_HANDED = "M1514"
    DACL_STATE_FORGED = "M1515"
    DACL_STATE_EXPIRED = "M1516"
    DACL_STATE_OTHER_CLIENT = "M1517"
    DACL_STATE_OTHER_NAME = "M1518"
    DACL_MASKS = "M1519"
    DACL_FAMILY = "M1520"
    DACL_NO_KEY = "M1521"
    DACL_NO_ROOM = "M1522"
    DACL_STORE_UNREADABLE = "M1523"
    DACL_ALTERED = "M1524"
    DACL_OVERRULED = "M1525"
    UNKNOWN_FAMILY = "M1413"
    RESULT_NOT_POSSIBLE = "M1414"
    COA_ACKNOWLEDGED = "M1601"
    COA_SESSION_GONE = "M1602"
    COA_NOT_REAUTHENTICATED = "M1603"
    COA_REFUSED = "M1610"
    COA_TEMPLATE_WRONG = "M1611"
    COA_FORBIDDEN = "M1612"
    COA_UNSUPPORTED = "M1613"
    COA_SEVERAL_SESSIONS = "M1614"
    COA_NO_ANSWER = "M1620"
    COA_ANSWER_INVALID = "M1621"
    COA_UNREACHABLE = "M1622"
    COA_NOT_SENT = "M1623"
    COA_IMPOSSIBLE = "M1630"
    COA_UNKNOWN_CLIENT = "M1631"
    COA_CLIENTS_KEPT = "M1632"
    COA_ELSEWHERE = "M1633"
    WRONG_KIND_OF_ACCESS = "M1701"
    AUTHORIZE_ONLY_REFUSED = "M1702"
    STORE_UNREADABLE = "M1901"
    JOURNAL_UNWRITABLE = "M1902"
    CONFIG_KEPT = "M1903"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means, and the operator's next step (empty for plain progress)."""

    text: str
    advice: str = ""


MEANINGS: Mapping[Code, Meaning] = {
    Code.RECEIVED: Meaning("request received"),
    Code.NO_DECISION: Meaning(
        "an Accept reached post-auth without a decision of ours",
        "set virtual_server = mdm-eap-tls in the eap module, call mdm_inner_tunnel in the inner tunnel, "
        "and keep TLS session resumption off (README)",
    ),
    Code.NO_SUCCESS: Meaning(
        "authentication failed before the policy was asked", "read Module-Failure-Message in the FreeRADIUS log"
    ),
    Code.DEFECT: Meaning("a defect in this module", "report the traceback in the FreeRADIUS log"),
    Code.IDENTIFIED: Meaning("endpoint identified"),
    Code.NO_IDENTITY: Meaning("nothing in the request identifies an endpoint"),
    Code.IGNORED_NAME: Meaning("a name that identifies no endpoint was passed over"),
    Code.AMBIGUOUS_IDENTITY: Meaning(
        "two different device ids in one request", "issue the certificate with one device id only"
    ),
    Code.CUT_CERTIFICATE_TEXT: Meaning(
        "the certificate's names are too long to be read whole on this FreeRADIUS",
        "put fewer names into the certificate, or use FreeRADIUS 3.2.7 or later",
    ),
    Code.UNSAFE_CERTIFICATE_TEXT: Meaning(
        "the printed certificate names can't be told apart with certainty",
        "issue certificates with the device id and at most the SID as URI names, or use FreeRADIUS 3.2.7 or later",
    ),
    Code.VARIABLE_NOT_FILLED: Meaning(
        "the certificate holds a literal {{variable}}",
        "mend the SAN value in the Intune certificate profile and issue the certificate again",
    ),
    Code.RESUMED_WITHOUT_CERTIFICATE: Meaning(
        "a resumed TLS session shows no certificate", "keep `cache { enable = no }` in the eap module"
    ),
    Code.RANDOMISED_MAC: Meaning(
        "a randomised MAC identifies no device", "use certificates, or switch MAC randomisation off for this network"
    ),
    Code.MALFORMED_IDENTITY: Meaning(
        "a device id that is no valid GUID", "use {{DeviceId}} in the Intune certificate profile"
    ),
    Code.RECORD_CURRENT: Meaning("the stored compliance record is current"),
    Code.RECORD_DUE: Meaning("the compliance record is missing or due, the MDM server is asked"),
    Code.ANSWERED_LIVE: Meaning("the MDM server answered"),
    Code.LAST_KNOWN: Meaning("no answer in time, the last known record is used", "run mdmctl test"),
    Code.UNKNOWN_DEVICE_STATE: Meaning("no answer in time and no record young enough", "run mdmctl test"),
    Code.RULE_SKIPPED: Meaning("rule did not match"),
    Code.RULE_MATCHED: Meaning("rule matched"),
    Code.DEFAULT_PROFILE: Meaning("no rule matched, the default profile applies"),
    Code.MONITORED: Meaning("monitor mode: let in as configured"),
    Code.REJECTED_BY_PROFILE: Meaning("the authorization profile rejects"),
    Code.PROFILE_SELECTED: Meaning("authorization profile selected"),
    Code.EXEMPTED: Meaning("an operator's exemption applies, whatever the rules say"),
    Code.EXEMPTION_IGNORED: Meaning(
        "an exemption names an authorization profile that is not there any more, and is ignored",
        "end it with mdmctl exempt end, or give mdm.toml that profile back",
    ),
    Code.REPLY_BUILT: Meaning("reply built"),
    Code.REPLY_CONFIRMED: Meaning("reply confirmed as it goes out"),
    Code.REPLY_REFUSED: Meaning(
        "the reply can't be vouched for", "mend the authorization profile that the message names"
    ),
    Code.REPLY_ALTERED: Meaning(
        "the reply that would go out is not the one decided", "call mdm last in post-auth, after every other policy"
    ),
    Code.REPLY_TOO_LONG: Meaning(
        "the reply does not fit into one packet of 4096 bytes",
        "let the network device download the ACL, shorten it, or send less from other modules and policies",
    ),
    Code.UNKNOWN_FAMILY: Meaning(
        "the network device's vendor family is not configured",
        "name it in [network_devices] of mdm.toml, and as mdm_family in its client section",
    ),
    Code.RESULT_NOT_POSSIBLE: Meaning(
        "this network device can't be told what the authorization profile asks for",
        "give it a rule and a profile of its own, or mend the profile",
    ),
    Code.COA_ACKNOWLEDGED: Meaning("the network device acknowledged the change of authorization"),
    Code.COA_SESSION_GONE: Meaning("the network device has no such session any more"),
    Code.COA_NOT_REAUTHENTICATED: Meaning(
        "the network device acknowledged, and the endpoint did not authenticate again",
        "read the device's log: did the endpoint answer? does the device do it for this kind of session?",
    ),
    Code.COA_REFUSED: Meaning("the network device refused for now, it is asked again", "read the device's log"),
    Code.COA_TEMPLATE_WRONG: Meaning(
        "the network device does not take what was sent", "is mdm_family in its client section the right one?"
    ),
    Code.COA_FORBIDDEN: Meaning(
        "the network device's configuration forbids it",
        "allow this server as a client for dynamic authorization on the device, with RADIUS's secret",
    ),
    Code.COA_UNSUPPORTED: Meaning("the network device can't do this, the session is ended instead"),
    Code.COA_SEVERAL_SESSIONS: Meaning("several sessions match on the network device, it is told more exactly"),
    Code.COA_NO_ANSWER: Meaning(
        "the network device did not answer",
        "is dynamic authorization on, on that port, for this server's address, with the same secret?",
    ),
    Code.COA_ANSWER_INVALID: Meaning(
        "the network device's answers can't be believed", "does it have another secret for CoA? set mdm_coa_secret"
    ),
    Code.COA_UNREACHABLE: Meaning(
        "nothing listens on the network device's port", "is it on? the port is mdm_coa_port in its client section"
    ),
    Code.COA_NOT_SENT: Meaning("the change of authorization could not be sent", "see the message"),
    Code.COA_IMPOSSIBLE: Meaning(
        "the session lacks what this network device knows it by",
        "have the device send it in its requests or in accounting",
    ),
    Code.COA_UNKNOWN_CLIENT: Meaning(
        "there is no usable secret for the network device", "write its address and secret into the secrets file"
    ),
    Code.COA_ELSEWHERE: Meaning("another node may be carrying the change of authorization out, it is looked at again"),
    Code.COA_CLIENTS_KEPT: Meaning(
        "FreeRADIUS's client definitions can't be read, the old ones stay", "see the message"
    ),
    Code.WRONG_KIND_OF_ACCESS: Meaning(
        "this vendor family does not give this kind of access",
        "set mdm_family in the client section to what the network device is",
    ),
    Code.AUTHORIZE_ONLY_REFUSED: Meaning(
        "an Authorize-Only request from a network device that may not ask so",
        "set mdm_authorize_only = yes in its client section, and let it sign its requests",
    ),
    # Network devices ask for dACLs; beside each refusal stands ISE's own number for it (ise.md section 5.5).
    Code.DACL_SERVED: Meaning("downloadable ACL served"),  # 5232
    Code.DACL_UNKNOWN: Meaning(  # 11023
        "there is no downloadable ACL of that name", "names are case sensitive; is the file in dacls/ on this server?"
    ),
    Code.DACL_UNSIGNED: Meaning(  # 11024, 11036
        "a download request without Message-Authenticator is not answered",
        "set require_message_authenticator = yes for that client, and update a device that can't sign",
    ),
    Code.DACL_NO_EVENT: Meaning(  # 11025
        "the name of a downloadable ACL without aaa:event=acl-download",
        "a user typed that name, or the network device is not a Cisco one",
    ),
    Code.DACL_VERSION_GONE: Meaning(  # 11026
        "that version of the downloadable ACL is gone",
        "let the session reauthenticate; raise [service] keep_old_dacls if sessions live longer",
    ),
    Code.DACL_NOT_HANDED: Meaning(  # 11035
        "that older version was not handed to this network device, or too long ago",
        "let the session reauthenticate; raise [service] keep_old_dacls if sessions live longer",
    ),
    Code.DACL_STATE_FORGED: Meaning(
        "the State of the download is not ours", "give every server the same [service] dacl_key_file"
    ),
    Code.DACL_STATE_EXPIRED: Meaning(
        "the State of the download is too old", "is the path to the network device slow, do the servers' clocks agree?"
    ),
    Code.DACL_STATE_OTHER_CLIENT: Meaning(
        "the State was given to another network device", "is there an address translation between device and server?"
    ),
    Code.DACL_STATE_OTHER_NAME: Meaning("the State was given for another downloadable ACL"),
    Code.DACL_MASKS: Meaning(
        "the network device's family does not take the masks of that version",
        "set mdm_family in its client section; IOS takes wildcard masks, ASA netmasks",
    ),
    Code.DACL_FAMILY: Meaning(
        "the network device's family can't download ACLs", "set mdm_family in its client section in clients.conf"
    ),
    Code.DACL_NO_KEY: Meaning(
        "the downloadable ACL needs several packets, and there is no key for their State",
        "start mdmd, which makes the key, or mend [service] dacl_key_file",
    ),
    Code.DACL_NO_ROOM: Meaning(
        "the downloadable ACL can't be put into packets", "raise [service] download_packet_size, or shorten the line"
    ),
    Code.DACL_STORE_UNREADABLE: Meaning(
        "older versions can't be looked up, the store can't be read", "is mdmd running, and are both in one group?"
    ),
    Code.DACL_ALTERED: Meaning(
        "the downloadable ACL that would go out is not the one that was built",
        "call mdm last in post-auth, and leave Cisco-AVPair alone there when User-Name begins with #ACSACL#",
    ),
    Code.DACL_OVERRULED: Meaning(
        "another module or policy rejected the download", "read Module-Failure-Message in the FreeRADIUS log"
    ),
    Code.STORE_UNREADABLE: Meaning("the store can't be read", "is mdmd running, and are both in one group?"),
    Code.JOURNAL_UNWRITABLE: Meaning("the decision can't be journaled", "is the disk full? see the state directory"),
    Code.CONFIG_KEPT: Meaning("the new configuration is faulty, the old one stays", "run mdmd --check"),
}

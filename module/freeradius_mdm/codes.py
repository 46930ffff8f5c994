"""Every step and reason code: what it means and what to do next. Codes are stable; tools and tests may rely on them.

Families: M10xx request, M11xx identity, M12xx MDM server, M13xx policy, M14xx reply, M15xx dACL, M17xx VPN,
M19xx our own store and journal. Standard library only: radiusd imports this.
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
    REPLY_BUILT = "M1401"
    REPLY_CONFIRMED = "M1402"
    REPLY_REFUSED = "M1410"
    REPLY_ALTERED = "M1411"
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
    Code.REPLY_BUILT: Meaning("reply built"),
    Code.REPLY_CONFIRMED: Meaning("reply confirmed as it goes out"),
    Code.REPLY_REFUSED: Meaning(
        "the reply can't be vouched for", "mend the authorization profile that the message names"
    ),
    Code.REPLY_ALTERED: Meaning(
        "the reply that would go out is not the one decided", "call mdm last in post-auth, after every other policy"
    ),
    Code.STORE_UNREADABLE: Meaning("the store can't be read", "is mdmd running, and are both in one group?"),
    Code.JOURNAL_UNWRITABLE: Meaning("the decision can't be journaled", "is the disk full? see the state directory"),
    Code.CONFIG_KEPT: Meaning("the new configuration is faulty, the old one stays", "run mdmd --check"),
}

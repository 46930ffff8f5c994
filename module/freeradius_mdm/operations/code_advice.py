"""The usual next step for each code of an operator's command; an error that knows better says it itself."""

from __future__ import annotations

from collections.abc import Mapping

from .codes import OperationCode as C

ADVICE: Mapping[C, str] = {
    C.WRONG_ARGUMENT: "mdmctl COMMAND --help, or man mdmctl",
    C.NO_CONFIGURATION: "name the file: mdmctl --config FILE, or MDM_CONFIG in the environment",
    C.CONFIGURATION_FAULTY: "mend what the message tells, line by line; mdmctl check reads it all again",
    C.STORE_UNREADABLE: "is mdmd running, and is the user in its group? else run mdmctl as root",
    C.MDMD_NOT_REACHED: "systemctl status mdmd; journalctl -u mdmd",
    C.MDMD_REFUSED: "read the reason it gives; journalctl -u mdmd has more",
    C.NOT_FOUND: "list what there is: mdmctl devices, sessions, decisions, servers or rules",
    C.NOT_PERMITTED: "run it as root, or as a member of control_group of [service]",
    C.NOT_DONE: "read the reason in the message",
    C.CLOCK_WRONG: "set this machine's clock right (NTP)",
    C.TEST_NOT_PASSED: "mend the step that failed, then run mdmctl enable again",
    C.NOT_CHANGED: "make the change in the file by hand, as the message says",
    C.SITE_CONFIGURATION: "mend what the message tells",
    C.SITE_RELEASE: "read what the release does, and update FreeRADIUS or live with it as told",
    C.SITE_RADDB: "make the change that the message shows, then freeradius -XC",
    C.SITE_REFUSED: "freeradius -XC names the line",
    C.SITE_PERMISSION: "set owner and mode as the message shows",
    C.SITE_MDMD: "systemctl status mdmd; journalctl -u mdmd",
    C.SITE_REPLY: "compare both replies; another module or policy changes the reply after mdm",
    C.SITE_LOOPBACK: "read the reason; mdmctl check --no-loopback leaves the request out",
    C.SITE_SECRET: "give the client its secret in clients.conf, or in secrets_file of [coa]",
    C.SITE_COA: "turn on dynamic authorization on the network device, for this server's address, with the same secret",
    C.SEVERAL_MEANT: "give more of the id",
    C.REQUEST_UNREADABLE: "one NAME = VALUE a line, as radclient reads them",
    C.NO_AUTHENTICATION: "paste an Access-Request of a device that authenticates",
    C.EXEMPTION_REFUSED: "mdmctl exempt shows the exemptions there are, mdm.toml the profiles",
    C.EXEMPTION_TIME: "a duration like 8h or 7d, or a date and time like 2026-11-30 18:00",
    C.COA_REFUSED: "mdmctl sessions shows which sessions are live, and what their network device can do",
    C.CERTIFICATE_IN_THE_WAY: "mdmctl cert show tells what it is; take it into use, or move it away",
    C.CERTIFICATE_UNUSABLE: "mend the file that the message names; mdmctl cert show looks at it again",
    C.CERTIFICATE_NOT_UPLOADED: "upload it to the app registration, wait some minutes, run mdmctl cert switch again",
    C.CERTIFICATE_NOT_SWITCHED: "mdmd goes on with the old one; mend what the message tells, then run it again",
    C.CERTIFICATE_NOTED: "mdmctl cert new makes the next certificate; chmod and chown as the message shows",
}

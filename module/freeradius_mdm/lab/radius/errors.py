"""Every error of the lab's RADIUS endpoints.

    LabRadiusError           anything that keeps an exchange from coming to an end
    ├── NoReply              the server gave no answer that could be believed
    ├── RequestError         a request can't be written in RADIUS
    ├── MalformedPacket      octets that are no RADIUS packet (RFC 2865 section 3)
    ├── EapError             the server broke EAP or EAP-TLS (RFC 3748, 5216, 9190)
    ├── DownloadError        a downloadable ACL came in a form that no network device could use
    └── CredentialsError     a certificate, key, CA or secret file can't be used

An Access-Reject is no error: it is a `Reply`.
"""

from __future__ import annotations


class LabRadiusError(Exception):
    """Anything that keeps an exchange from coming to an end; the text ends in the next step."""


class NoReply(LabRadiusError):
    """The server gave no answer that could be believed; the text says what was discarded and why."""


class RequestError(LabRadiusError):
    """A request can't be written in RADIUS: unknown attribute, wrong type or too long."""


class MalformedPacket(LabRadiusError):
    """Octets that are no RADIUS packet."""


class EapError(LabRadiusError):
    """The server broke EAP or EAP-TLS, so that no supplicant could go on."""


class DownloadError(LabRadiusError):
    """A downloadable ACL came in a form that no network device could use: numbers, State, endless."""


class CredentialsError(LabRadiusError):
    """A certificate, key, CA or secret file can't be used."""

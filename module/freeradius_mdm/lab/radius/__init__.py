"""The lab's RADIUS endpoints: a switch, an access point and a VPN headend, with the devices behind them.

A library of blocking calls; `cli.main` is the command line on top of it. Names not listed here belong to one
file.
"""

from freeradius_mdm.lab.radius.attributes import Attribute, Attributes, Value
from freeradius_mdm.lab.radius.client import RadiusClient, RetryPolicy, Server
from freeradius_mdm.lab.radius.eap import EapCode
from freeradius_mdm.lab.radius.errors import (
    CredentialsError,
    EapError,
    LabRadiusError,
    MalformedPacket,
    NoReply,
    RequestError,
)
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.supplicant import EapTlsResult, EapTlsSupplicant
from freeradius_mdm.lab.radius.tls import Certificates, TlsProfile, TlsVersion
from freeradius_mdm.lab.radius.wire import Code

__all__ = [
    "Attribute",
    "Attributes",
    "Certificates",
    "Code",
    "CredentialsError",
    "EapCode",
    "EapError",
    "EapTlsResult",
    "EapTlsSupplicant",
    "LabRadiusError",
    "MalformedPacket",
    "NoReply",
    "RadiusClient",
    "Reply",
    "RequestError",
    "RetryPolicy",
    "Server",
    "TlsProfile",
    "TlsVersion",
    "Value",
]

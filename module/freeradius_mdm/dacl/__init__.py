"""Downloadable ACLs: read, checked line by line, and translated for the network device that asks.

Standard library only: radiusd imports this.
"""

from .acl import LONGEST_ACE, Dacl, Served, version_of
from .directory import Directory, read_directory
from .kinds import AclType, DaclError, MaskStyle
from .names import PREFIX, WireName, av_prefix, parse_wire_name, wire_name

__all__ = [
    "LONGEST_ACE",
    "PREFIX",
    "AclType",
    "Dacl",
    "DaclError",
    "Directory",
    "MaskStyle",
    "Served",
    "WireName",
    "av_prefix",
    "parse_wire_name",
    "read_directory",
    "version_of",
    "wire_name",
]

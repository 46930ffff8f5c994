"""What FreeRADIUS knows and a pasted request does not say: its client, the vendor family, its dictionary."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ...coa.clients import Client, ClientError, Clients
from ...coa.clients_conf import Sources, read
from ...config.model import Config
from ...dictionaries import Dictionary, load
from ...errors import ConfigError
from ...identity.certificate import URI_ATTRIBUTE

DICTIONARY = Path("/usr/share/freeradius/dictionary")


@dataclass(frozen=True)
class Surroundings:
    """The FreeRADIUS of this machine, read when it is asked for. `why_no_...`: a sentence, "" when it could be read."""

    config: Config
    dictionary_file: Path = DICTIONARY

    @cached_property
    def _clients(self) -> tuple[Clients | None, str]:
        settings = self.config.coa
        file = settings.clients
        try:
            # The secrets' spelling depends on FreeRADIUS's version; they are not looked at here.
            return read(Sources(file, None, settings.freeradius_version), os.environ)[0], ""
        except ConfigError as error:
            return None, f"FreeRADIUS's clients can't be read ({error.problems[0].where}: {error.problems[0].what})"
        except OSError as error:
            return None, f"FreeRADIUS's clients can't be read ({file}: {error.strerror})"

    @cached_property
    def dictionary(self) -> Dictionary | None:
        """FreeRADIUS's own and the local one beside its clients; None when they can't be read."""
        try:
            return load(self.dictionary_file, self.config.coa.clients.parent / "dictionary")
        except OSError:
            return None

    @property
    def has_uri_attribute(self) -> bool:
        """Whether this FreeRADIUS has an attribute for each URI name of a certificate."""
        return self.dictionary is not None and URI_ATTRIBUTE in self.dictionary.attributes

    def client_at(self, address: str) -> tuple[Client | None, str]:
        """The client of that address, or why there is none."""
        clients, why = self._clients
        if clients is None:
            return None, why
        try:
            return clients.of_requests(address), ""
        except ClientError as error:
            return None, str(error)

    def client_named(self, name: str) -> tuple[Client | None, str]:
        """The client of that short name, or of that section's name, or why there is none."""
        clients, why = self._clients
        if clients is None:
            return None, why
        found = [each for each in clients.all if name in (each.shortname, each.name)]
        if not found:
            known = ", ".join(sorted({each.shortname or each.name for each in clients.all})[:20])
            return None, f"FreeRADIUS has no client {name!r}; it has {known or 'none'}"
        return found[0], ""


def is_address(text: str) -> bool:
    """True for an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

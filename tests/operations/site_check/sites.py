"""A small FreeRADIUS configuration as README's steps leave it, for checks that read it; no FreeRADIUS runs with it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from freeradius_mdm.operations.site_check.finding import Finding, State
from freeradius_mdm.operations.site_check.freeradius import FreeRadius
from freeradius_mdm.operations.site_check.site import Site
from freeradius_mdm.raddb import reader
from tests import builders

MAIN = """\
raddbdir = @DIR@
modconfdir = ${raddbdir}/mods-config
max_request_time = 30
cleanup_delay = 5
max_requests = 16384
security {
	user = nobody
}
$INCLUDE clients.conf
thread pool {
	start_servers = 64
	max_servers = 256
	max_spare_servers = 64
}
modules {
	$INCLUDE mods-enabled/
}
policy {
	$INCLUDE policy.d/
}
$INCLUDE sites-enabled/
"""
CLIENTS = """\
client switch {
	ipaddr = 192.0.2.10
	secret = one
	require_message_authenticator = yes
	mdm_family = cisco-ios-xe
}
client headend {
	ipaddr = 192.0.2.20
	secret = two
	require_message_authenticator = yes
}
"""
POLICY_MODULE = """\
python3 mdm_policy {
	python_path = ${modconfdir}/mdm/python
	module = freeradius_mdm.hooks
	mod_instantiate = ${.module}
	func_instantiate = instantiate
	mod_detach = ${.module}
	func_detach = detach
	mod_authorize = ${.module}
	func_authorize = authorize
	mod_post_auth = ${.module}
	func_post_auth = post_auth
	mod_accounting = ${.module}
	func_accounting = accounting
	pass_all_vps_dict = yes
	config {
		file = "${modconfdir}/mdm/mdm.toml"
		dictionary = "/usr/share/freeradius/dictionary"
		local_dictionary = "@DIR@/dictionary"
	}
}
"""
WAIT = """\
rest mdm_wait {
	mdmd = "http://127.0.0.1:8650"
	authorize {
		uri = "${..mdmd}/v1/endpoints/%{control:MDM-Wait-Server}"
		timeout = 2.5
	}
	pool {
		start = 0
		max = ${thread[pool].max_servers}
	}
}
"""
EAP = """\
eap {
	default_eap_type = tls
	tls-config tls-common {
		cache {
			enable = no
		}
	}
	tls {
		tls = tls-common
		virtual_server = mdm-eap-tls
	}
	peap {
		tls = tls-common
		virtual_server = "inner-tunnel"
	}
}
"""
POLICY = """\
mdm.authorize {
	if (!&Message-Authenticator) {
		handled
	}
}
mdm_decide {
	mdm_policy.authorize
}
mdm.post-auth {
	mdm_decide
}
mdm_reject {
	mdm_policy.post-auth
}
mdm.accounting {
	mdm_policy.accounting
}
mdm_inner_tunnel {
	mdm_decide
}
"""
DEFAULT = """\
server default {
	listen {
		type = auth
		ipaddr = *
	}
	listen {
		type = acct
		ipaddr = *
	}
	authorize {
		mdm
		eap {
			ok = return
		}
	}
	accounting {
		mdm
		detail
	}
	post-auth {
		update {
			&reply: += &session-state:
		}
		if (&reply:EAP-Session-Id) {
			noop
		}
		Post-Auth-Type REJECT {
			mdm_reject
			attr_filter.access_reject
		}
		mdm
	}
}
"""
INNER = """\
server inner-tunnel {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = 18120
	}
	post-auth {
		mdm_inner_tunnel
	}
}
"""
EAP_TLS = """\
server mdm-eap-tls {
	authorize {
		mdm_decide
	}
}
"""
FILES = {
    "radiusd.conf": MAIN,
    "clients.conf": CLIENTS,
    "mods-enabled/mdm_policy": POLICY_MODULE,
    "mods-enabled/mdm_wait": WAIT,
    "mods-enabled/eap": EAP,
    "policy.d/mdm": POLICY,
    "sites-enabled/default": DEFAULT,
    "sites-enabled/inner-tunnel": INNER,
    "sites-enabled/mdm-eap-tls": EAP_TLS,
}


def site(
    directory: Path,
    *changes: tuple[str, str, str],
    version: tuple[int, ...] = (3, 2, 7),
    toml: Iterable[tuple[str, str]] = (),
) -> Site:
    """The site in that directory, with text of some files replaced: `(FILE, OLD, NEW)`, or OLD "" for all of it."""
    raddb = directory / "raddb"
    files = dict(FILES)
    for name, old, new in changes:
        text = files.get(name, "")
        assert not old or text.count(old) == 1, f"{old!r} is not once in {name}"
        files[name] = text.replace(old, new) if old else new
    for name, text in files.items():
        file = raddb / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("@DIR@", str(raddb)), encoding="utf-8")
    config = builders.config(raddb / "mods-config" / "mdm", *toml)
    server = FreeRadius(("/usr/sbin/freeradius",), Path("/"), version)
    top = reader.read(raddb / "radiusd.conf", os.environ, version, deep=True).top
    return Site(config.file, config, raddb, server, top)


def told(findings: Iterable[Finding], directory: Path) -> list[str]:
    """Each as `STATE CHECK: TEXT @ WHERE`, without the directory; warnings and errors have code and advice."""
    lines = []
    for each in findings:
        assert bool(each.code) == (each.state in (State.WARNING, State.ERROR)), each
        assert bool(each.advice) or each.state in (State.OK, State.SKIPPED), each
        place = f" @ {each.where}" if each.where and each.state is not State.OK else ""
        lines.append(f"{each.state} {each.check}: {each.text}{place}".replace(f"{directory}/raddb/", ""))
    return lines


def faults(findings: Iterable[Finding], directory: Path) -> list[str]:
    """The same without what is right."""
    return [line for line in told(findings, directory) if not line.startswith("ok ")]

"""The overlay in FreeRADIUS's directory: every link leads somewhere, the dictionary has our attributes, and both
programs read the same mdm.toml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ... import reply, reply_types
from ...dictionaries import Dictionary, load
from ..codes import OperationCode
from .finding import Finding, Findings, few
from .site import Site, value, where

_LINKS = Findings("raddb.links", OperationCode.SITE_RADDB)
_DICTIONARY = Findings("raddb.dictionary", OperationCode.SITE_RADDB)
_SAME_FILE = Findings("raddb.mdm-toml", OperationCode.SITE_RADDB)
_HOME = "/opt/freeradius-mdm"
_LINE = "$INCLUDE dictionary.mdm"


@dataclass(frozen=True, slots=True)
class Place:
    """A file or link of the overlay: README's step 2. `to`: what it is a link to; `without`: what is then missing."""

    path: str
    to: str
    without: str


PLACES = (
    Place("dictionary.mdm", f"{_HOME}/freeradius/dictionary.mdm", "our attributes, and FreeRADIUS does not start"),
    Place("policy.d/mdm", f"{_HOME}/freeradius/policy.d/mdm", "the policy, and FreeRADIUS does not start"),
    Place("mods-enabled/mdm_policy", "../mods-available/mdm_policy", "the module that decides"),
    Place("mods-enabled/mdm_wait", "../mods-available/mdm_wait", "the wait for mdmd"),
    Place("sites-enabled/mdm-eap-tls", "../sites-available/mdm-eap-tls", "the decision inside EAP-TLS"),
    Place("mods-config/mdm/python", f"{_HOME}/module", "the Python package"),
    Place("mods-config/mdm/mdm.toml", "", "the configuration"),
)


def check(site: Site) -> Iterator[Finding]:
    """Links, dictionary, configuration file."""
    yield from _links(site)
    yield from _dictionary(site)
    yield from _same_file(site)


def dictionary_of(site: Site) -> Dictionary | None:
    """FreeRADIUS's dictionary as the policy module is told to read it; None when it can't be read."""
    try:
        return load(*dictionary_files(site))
    except OSError:
        return None


def dictionary_files(site: Site) -> tuple[Path, Path]:
    """The packaged one and the site's own."""
    module = site.policy_module
    config = module.find("config") if module is not None else None
    main = (value(config, "dictionary") if config is not None else "") or "/usr/share/freeradius/dictionary"
    own = value(config, "local_dictionary") if config is not None else ""
    return (site.server.path(main) if site.server else Path(main)), Path(own) if own else site.raddb / "dictionary"


def _links(site: Site) -> Iterator[Finding]:
    faulty = False
    for place in PLACES:
        path = site.raddb / place.path
        if path.exists() and not _is_empty_package(place, path):
            continue
        if _served_otherwise(site, place):
            continue
        faulty = True
        if path.is_symlink() and not path.exists():
            what = f"{place.path} leads to {path.readlink()}, which is not there"
        elif path.exists():
            what = f"{place.path} holds no package freeradius_mdm"
        else:
            what = f"{place.path} is missing"
        advice = f"ln -sfn {place.to} {path}" if place.to else f"copy it from {_HOME}/freeradius/{place.path}"
        yield _LINKS.error(f"{what}: without it there is not {place.without}", advice, str(path))
    if not faulty:
        yield _LINKS.ok(f"{len(PLACES)} files and links of the overlay are in place", str(site.raddb))


def _is_empty_package(place: Place, path: Path) -> bool:
    return place.path.endswith("/python") and not (path / "freeradius_mdm" / "hooks.py").exists()


def _served_otherwise(site: Site, place: Place) -> bool:
    """A site can have the same under another file's name."""
    if site.top is None:
        return False
    module = site.policy_module
    config = module.find("config") if module is not None else None
    match place.path:
        case "mods-enabled/mdm_policy":
            return module is not None
        case "mods-enabled/mdm_wait":
            return any(rest.name2 == "mdm_wait" for rest in site.modules("rest"))
        case "sites-enabled/mdm-eap-tls":
            return any(server.name2 == "mdm-eap-tls" for server in site.servers())
        case "policy.d/mdm":
            return any(policy.find("mdm.authorize") for policy in site.top.all("policy"))
        case "mods-config/mdm/python":
            named = value(module, "python_path") if module is not None else ""
            return any((Path(each) / "freeradius_mdm" / "hooks.py").exists() for each in named.split(":") if each)
        case "mods-config/mdm/mdm.toml":
            return config is not None and Path(value(config, "file") or "/nowhere").exists()
        case _:
            known = dictionary_of(site)
            return known is not None and not set(reply.names()) - known.attributes.keys()


def _dictionary(site: Site) -> Iterator[Finding]:
    main, own = dictionary_files(site)
    try:
        known = load(main, own)
    except OSError as error:
        advice = "correct `dictionary` and `local_dictionary` in the config section of mods-available/mdm_policy"
        yield _DICTIONARY.error(f"{error.filename} can't be read: {error.strerror}", advice, str(error.filename))
        return
    missing = sorted(set(reply.names()) - known.attributes.keys())
    if missing:
        what = f"{len(missing)} attributes are missing ({few(missing, 3)}), and FreeRADIUS does not start"
        advice = f"add the line {_LINE} to {own}"
        if any(line.split("#")[0].split() == _LINE.split() for line in own.read_text(errors="replace").splitlines()):
            advice = f"the line {_LINE} is there: take dictionary.mdm from this release of freeradius-mdm"
        yield _DICTIONARY.error(what, advice, str(own))
        return
    wrong = reply_types.disagreements(known)
    for what in wrong:
        yield _DICTIONARY.error(what, f"undo what {own} or a file that it includes says of it", str(own))
    if not wrong:
        yield _DICTIONARY.ok("FreeRADIUS knows every attribute that is sent", str(own))


def _same_file(site: Site) -> Iterator[Finding]:
    module = site.policy_module
    config = module.find("config") if module is not None else None
    named = value(config, "file") if config is not None else ""
    if config is None or not named:
        return
    try:
        same = Path(named).samefile(site.config_file)
    except OSError as error:
        advice = f"copy mdm.toml there, or write the right path into {where(config, 'file')}"
        yield _SAME_FILE.error(f"radiusd is to read {named}: {error.strerror}", advice, where(config, "file"))
        return
    if same:
        yield _SAME_FILE.ok(f"radiusd reads {named}", where(config, "file"))
    else:
        advice = "give mdmd and mdmctl the same file (--config), or change `file` there"
        what = f"radiusd reads {named}, and this check {site.config_file}"
        yield _SAME_FILE.error(what, advice, where(config, "file"))

"""From a request to the service that answers it: by host name, as one process serves every host."""

from __future__ import annotations

from collections.abc import Mapping

from . import common_faults, crs, graph, login, retired
from .clouds import AZURE_AD_GRAPH_HOST, CRS_SUFFIXES, EVIL_HOSTS, GRAPH_HOSTS, LOGIN_HOSTS, PORTAL_HOST
from .operations import Operation, Service
from .tokens import Claims, Refused
from .wire import Answer, Call, text_answer
from .world import World

_NO_TOKEN = Refused("no-token")


class Router:
    """`aliases`: lab host name to real host name, both lower case and without port."""

    def __init__(self, world: World, aliases: Mapping[str, str]) -> None:
        self._world = world
        self._aliases = aliases
        self._login = login.Login(world)
        self._graph = graph.Graph(world)
        self._crs = crs.Crs(world)

    def real_host(self, authority: str) -> str:
        """The Microsoft host that `HOST[:PORT]` stands for."""
        host = authority.rpartition(":")[0] if authority.rpartition(":")[2].isdecimal() else authority
        host = host.lower()
        return self._aliases.get(host, host)

    def is_known(self, host: str) -> bool:
        """True for every host that has a certificate here."""
        return service_of(host) is not Service.OTHER or host in EVIL_HOSTS or host in self._aliases

    def read(
        self, authority: str, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Call, Claims | Refused]:
        """Classify a request: service, operation, tenant, and the faults that act on it."""
        host = self.real_host(authority)
        path, _, query = target.partition("?")
        call = Call(host, authority, method, path, query, headers, body, service_of(host))
        call.operation = _operation(call)
        claims: Claims | Refused = _NO_TOKEN
        if call.service is Service.LOGIN:
            name = login.tenant_name(path)
            tenant = self._world.directory.get(name)
            call.tenant = tenant.tenant_id if tenant else name[:64]
        else:
            claims = self._world.tokens.verify(headers.get("authorization", ""))
            known = claims.claims if isinstance(claims, Refused) else claims
            if known is not None:
                call.tenant, call.app = known.tenant, known.app
        call.faults = self._world.faults.for_call(call.operation, call.tenant, host, target)
        return call, claims

    def answer(self, call: Call, claims: Claims | Refused) -> Answer:
        """What the right service says, or an acting fault in its place."""
        if (answer := common_faults.answer(call)) is not None:
            return answer
        if call.operation is Operation.RETIRED:
            tenant = self._world.directory.get(call.tenant) or self._world.directory.first()
            return retired.answer(call, tenant)
        match call.service:
            case Service.LOGIN:
                return self._login.answer(call)
            case Service.GRAPH:
                return self._graph.answer(call, claims)
            case Service.CRS:
                return self._crs.answer(call, claims)
        if call.host in EVIL_HOSTS:
            # Whoever gets here has followed an address from the network without checking it.
            sent = "with a token" if "authorization" in call.headers else "without a token"
            return text_answer(404, "Not Found", f"attacker's host reached {sent}")
        return text_answer(421, "Misdirected Request", "unknown host")


def service_of(host: str) -> Service:
    """The service behind a real host name."""
    if host in LOGIN_HOSTS:
        return Service.LOGIN
    if host in GRAPH_HOSTS or host == AZURE_AD_GRAPH_HOST:
        return Service.GRAPH
    if host.endswith(CRS_SUFFIXES) and host != PORTAL_HOST:
        return Service.CRS
    return Service.OTHER


def _operation(call: Call) -> Operation:
    if retired.is_retired(call.service, call.host, call.path, call.query):
        return Operation.RETIRED
    match call.service:
        case Service.LOGIN:
            return login.operation(call.path)
        case Service.GRAPH:
            return graph.operation(call.path)
        case Service.CRS:
            return crs.operation(call.path, call.query)
    return Operation.OTHER

"""The body of /v1/health."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from ..errors import StoreError
from ..store.query import StoreQueries
from .breaker import BreakerState
from .cluster.protocol import Cluster
from .coa_parts import Coa
from .exemptions import Exemptions
from .journal_reader import JournalReader
from .lookups import Lookups
from .polling import Polling
from .recheck.runner import Recheck
from .recorder import Recorder
from .session_api import sessions_body
from .sessions import SessionKeeper
from .sharing import cluster_body, troubled


class Health:
    """Gathers the state of the parts. The errors are set by whoever runs into them."""

    def __init__(
        self,
        lookups: Lookups,
        recorder: Recorder,
        journal: JournalReader,
        queries: StoreQueries,
        sessions: SessionKeeper,
        recheck: Recheck,
        polling: Polling,
        coa: Coa,
        exemptions: Exemptions,
        cluster: Cluster,
    ) -> None:
        self._lookups = lookups
        self._recorder = recorder
        self._journal = journal
        self._queries = queries
        self._sessions = sessions
        self._recheck = recheck
        self._polling = polling
        self._coa = coa
        self._exemptions = exemptions
        self._cluster = cluster
        self.journal_error = ""
        self.config_error = ""
        self.control_error = ""

    async def body(self) -> dict[str, Any]:
        """`status` is `ok`, or `degraded` when an operator has something to look at; decisions go on in both.

        Times are seconds since the epoch, 0 for never; `lag_bytes` is what is journaled and not yet stored.
        """
        servers = self._lookups.health()
        journal = await asyncio.to_thread(self._journal_body)
        trouble = any(server.breaker is not BreakerState.CLOSED or not server.warm for server in servers)
        trouble = trouble or self._coa.troubled or troubled(self._cluster)
        exemptions = await asyncio.to_thread(self._exemptions_body)
        trouble = trouble or bool(exemptions["ignored"])
        errors = (self._recorder.error, journal["error"], self.config_error, self.control_error, exemptions["error"])
        return {
            "status": "degraded" if trouble or any(errors) else "ok",
            "servers": [dataclasses.asdict(server) for server in servers],
            "store": {"error": self._recorder.error, "unsaved_answers": self._recorder.unsaved_count},
            "journal": journal,
            "sessions": sessions_body(self._sessions),
            "recheck": [dataclasses.asdict(line) for line in self._recheck.health()],
            "polling": [dataclasses.asdict(poll) for poll in self._polling.health()],
            "coa": self._coa.body(),
            "exemptions": exemptions,
            "cluster": cluster_body(self._cluster),
            "control": {"error": self.control_error},
            "config": {"error": self.config_error},
        }

    def _exemptions_body(self) -> dict[str, Any]:
        try:
            return {"error": ""} | self._exemptions.body()
        except StoreError as error:
            return {"error": str(error), "in_force": None, "next_over_at": None, "ignored": []}

    def _journal_body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "error": self.journal_error,
            "segments": None,
            "lag_bytes": None,
            "rejects": None,
        }
        try:
            lag = self._journal.lag()
            body |= {
                "segments": lag.segments,
                "lag_bytes": lag.bytes,
                "rejects": self._queries.rejected_lines(),
            }
        except StoreError as error:
            body["error"] = body["error"] or str(error)
        return body

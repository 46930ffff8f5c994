"""The module `radiusd` as rlm_python3 makes it (freeradius.md sections 2.1 and 13), for tests outside a server."""

from __future__ import annotations

from types import ModuleType

RLM_MODULE_CODES = {
    "RLM_MODULE_REJECT": 0,
    "RLM_MODULE_FAIL": 1,
    "RLM_MODULE_OK": 2,
    "RLM_MODULE_HANDLED": 3,
    "RLM_MODULE_INVALID": 4,
    "RLM_MODULE_USERLOCK": 5,
    "RLM_MODULE_NOTFOUND": 6,
    "RLM_MODULE_NOOP": 7,
    "RLM_MODULE_UPDATED": 8,
    "RLM_MODULE_NUMCODES": 9,
}
LOG_LEVELS = {"L_AUTH": 2, "L_INFO": 3, "L_ERR": 4, "L_WARN": 5, "L_PROXY": 6, "L_ACCT": 7, "L_DBG": 16}


class RadiusdStub(ModuleType):
    """`log` collects (level, text) of every radlog call."""

    def __init__(self, config: dict[str, str]) -> None:
        super().__init__("radiusd")
        self.config = config
        self.log: list[tuple[int, str]] = []
        for name, number in (RLM_MODULE_CODES | LOG_LEVELS).items():
            setattr(self, name, number)

    def radlog(self, level: int, message: str) -> None:
        """Like the real one: a NUL raises ValueError."""
        if "\0" in message:
            raise ValueError("embedded null character")
        self.log.append((level, message))

    def errors(self) -> list[str]:
        """What was logged as an error."""
        return [text for level, text in self.log if level == LOG_LEVELS["L_ERR"]]

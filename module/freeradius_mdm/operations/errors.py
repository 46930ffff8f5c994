"""The one error of an operator's command: code, what was wrong, where, what is allowed, the next step."""

from __future__ import annotations

from ..errors import MdmError
from .code_advice import ADVICE
from .codes import OperationCode


class OperationError(MdmError):
    """Empty text: nothing to say there; for `next` the code's usual one. `str` gives a line for each part there is.

    M1806 no decision has the id 4f1c
      where: /var/lib/freeradius-mdm/store.sqlite
      allowed: 24 hexadecimal digits, or the beginning of an id
      next: mdmctl decisions lists them
    """

    def __init__(self, code: OperationCode, what: str, *, where: str = "", allowed: str = "", next: str = "") -> None:
        self.code = code
        self.what = what
        self.where = where
        self.allowed = allowed
        self.next = next or ADVICE.get(code, "")
        parts = (("where", where), ("allowed", allowed), ("next", self.next))
        super().__init__("\n".join([f"{code} {what}", *(f"  {name}: {text}" for name, text in parts if text)]))

"""What a result means for the session and the operator: its code, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from ..codes import Code
from .error_cause import Advice, advise
from .sender import Outcome, Result

_REFUSALS = {
    Advice.DONE: Code.COA_ACKNOWLEDGED,
    Advice.GONE: Code.COA_SESSION_GONE,
    Advice.TEMPLATE: Code.COA_TEMPLATE_WRONG,
    Advice.DEVICE: Code.COA_FORBIDDEN,
    Advice.FALL_BACK: Code.COA_UNSUPPORTED,
    Advice.RETRY: Code.COA_REFUSED,
    Advice.NARROWER: Code.COA_SEVERAL_SESSIONS,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`code`: of codes.py, for the log and the session's record. `advice`: RETRY for what got no answer."""

    code: Code
    advice: Advice


def judge(result: Result, *, disconnect: bool) -> Verdict:
    """`disconnect`: the request was a Disconnect, or did the same in this family."""
    match result.outcome:
        case Outcome.ACK:
            return Verdict(Code.COA_ACKNOWLEDGED, Advice.DONE)
        case Outcome.NAK:
            advice = advise(result.error_cause, disconnect=disconnect)
            return Verdict(_REFUSALS[advice], advice)
        case Outcome.TIMEOUT:
            code = Code.COA_ANSWER_INVALID if result.discarded else Code.COA_NO_ANSWER
        case Outcome.UNREACHABLE:
            code = Code.COA_UNREACHABLE
        case Outcome.NOT_SENT:
            code = Code.COA_NOT_SENT
    return Verdict(code, Advice.RETRY)

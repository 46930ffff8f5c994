"""Errors as Microsoft Graph words them (intune.md sections 3 and 7)."""

from __future__ import annotations

import uuid

from .clock import LabClock, iso
from .wire import Answer, Call, json_answer

INSUFFICIENT = ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
BAD_TOKEN = ("InvalidAuthenticationToken", "Access token validation failure.")
NOT_FOUND = ("Request_ResourceNotFound", "Resource does not exist or one of its queried references is not present.")
# The code that Graph gives for a managed device that is not there is not published.
NO_DEVICE = ("ResourceNotFound", "The resource could not be found.")
BAD_REQUEST = ("BadRequest", "The request is invalid.")
TOO_MANY = ("TooManyRequests", "Too many requests.")


def refusal(call: Call, clock: LabClock, status: int, error: tuple[str, str], detail: str = "") -> Answer:
    """An error body with request ids and date, as every Graph error has them."""
    code, message = error
    request_id = str(uuid.uuid4())
    client_id = call.headers.get("client-request-id", request_id)
    inner = {"date": iso(clock.now()).rstrip("Z"), "request-id": request_id, "client-request-id": client_id}
    body = {"error": {"code": code, "message": f"{message} {detail}".strip(), "innerError": inner}}
    return json_answer(status, body, code, {"request-id": request_id, "client-request-id": client_id})

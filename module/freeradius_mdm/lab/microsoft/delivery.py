"""How an answer leaves: at once, late, in drips, half, or not at all (personalities of group transport)."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from .wire import Answer, Call

_DELAYS = {"slow-250": 0.25, "slow-350": 0.35, "slow-10s": 10.0}
_DRIP = 0.05
_RESET = struct.pack("ii", 1, 0)


async def deliver(request: web.BaseRequest, call: Call, answer: Answer) -> web.StreamResponse:
    """Send `answer` as the acting faults want it."""
    if not call.faults and not answer.abort:
        return _response(answer)
    if (name := call.faults.first(*_DELAYS)) is not None:
        await asyncio.sleep(_DELAYS[name])
    if answer.abort or "reset" in call.faults:
        reset(request.transport)
        return web.Response(status=500)
    if "half-close" in call.faults:
        return await _half(request, answer)
    if "trickle" in call.faults:
        return await _drips(request, answer)
    return _response(answer)


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Close so that the peer sees a reset and not an orderly end."""
    if not isinstance(transport, asyncio.WriteTransport):
        return
    end = transport.get_extra_info("socket")
    if end is not None:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


def _response(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, **answer.headers} if answer.content_type else answer.headers
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def _begin(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    response.headers["Content-Type"] = answer.content_type
    await response.prepare(request)
    return response


async def _half(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = await _begin(request, answer)
    await response.write(answer.body[: len(answer.body) // 2])
    end = request.transport.get_extra_info("socket") if request.transport else None
    if end is not None:
        end.shutdown(socket.SHUT_WR)
    response.force_close()
    return response


async def _drips(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = await _begin(request, answer)
    for index in range(len(answer.body)):
        await response.write(answer.body[index : index + 1])
        await asyncio.sleep(_DRIP)
    return response

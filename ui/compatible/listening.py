"""Work for someone who may go away in, its result out, or its end."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import Request

from ui.compatible.faults import Fault

Result = TypeVar("Result")

GONE = 499
"""The status that servers log for a client that went away."""


async def while_there(request: Request, work: Awaitable[Result]) -> Result:
    """Return what `work` returns; when the client goes away first, the work ends.

    Raises:
        Fault: The client went away.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Fault("The client went away.", status=GONE)
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(request: Request) -> None:
    """Return once the client has gone away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass

"""What went wrong in, an error object as OpenAI's API has it out: `{"error": {message, type, param, code}}`."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from index.errors import UserError
from ui.admission import Busy

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_log = logging.getLogger(__name__)


class Fault(Exception):
    """Something that a caller of the compatible service can put right.

    Attributes:
        message: The value, the rule, the way out.
        param: The parameter that is at fault.
        code: A word that programs know it by.
        status: Of the HTTP reply.
        headers: Of the HTTP reply.
    """

    def __init__(
        self,
        message: str,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.param, self.code, self.status, self.headers = message, param, code, status, headers

    @classmethod
    def of(cls, error: Exception) -> "Fault":
        """Say what another error means to a caller; one that nobody foresaw is logged, and says nothing of itself."""
        match error:
            case Fault():
                return error
            case Busy():
                wait = {"Retry-After": str(max(1, round(error.retry_after_s)))}
                return cls(str(error), code="rate_limit_exceeded", status=429, headers=wait)
            case UserError():
                return cls(str(error), code="invalid_question")
            case RequestValidationError():
                first = error.errors()[0]
                param = ".".join(str(part) for part in first["loc"] if part != "body") or None
                return cls(f"{param or 'The body'}: {first['msg']}.", param, "invalid_value")
            case HTTPException():
                return cls(str(error.detail), status=error.status_code, headers=error.headers)
        _log.error("A request of the compatible service failed", exc_info=error)
        return cls("Something went wrong; the terminal in which paperchat runs says what.", status=500)

    def to_dict(self) -> dict[str, Any]:
        """Return the body of the reply."""
        kinds = {429: "rate_limit_error", 401: "authentication_error", 500: "server_error"}
        kind = kinds.get(self.status, "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> Response:
        """Return the reply."""
        return JSONResponse(self.to_dict(), self.status, self.headers)


class FaultRoute(APIRoute):
    """A route whose errors have the shape of OpenAI's."""

    def get_route_handler(self) -> Handler:
        """Return the route's handler with every error made a reply."""
        handle = super().get_route_handler()

        async def handle_or_tell(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                return Fault.of(error).response()

        return handle_or_tell

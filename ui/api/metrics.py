"""Answers and requests in, what Prometheus reads out."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.answer import Answer
from ui.admission import Admission

MEDIA_TYPE = CONTENT_TYPE_PLAIN_1_0_0

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180)
_PAGE, _AGENTS = "page", "/mcp"


class Metrics:
    """What one service counts, in a registry of its own."""

    def __init__(self, admission: Admission) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "paperchat_requests", "Requests by route and status.", ["method", "route", "status"], registry=registry
        )
        self._answers = Counter(
            "paperchat_answers",
            "Answers by face (http, openai, mcp, page) and outcome: answered, declined, or left by who asked.",
            ["face", "outcome"],
            registry=registry,
        )
        self._sentences = Counter(
            "paperchat_sentences", "Sentences of answers by their support.", ["support"], registry=registry
        )
        self._tokens = Counter(
            "paperchat_tokens", "Tokens that the language model read and wrote.", ["direction"], registry=registry
        )
        self._seconds = {
            name: Histogram(
                f"paperchat_{name}_seconds", f"From question to {end}.", buckets=_SECONDS, registry=registry
            )
            for name, end in (("papers", "papers"), ("first_token", "first token"), ("answer", "end of the answer"))
        }
        for name, about, count in (
            ("in_progress", "Answers in progress.", lambda: admission.in_progress),
            ("waiting", "Questions that wait for their turn.", lambda: admission.waiting),
        ):
            Gauge(f"paperchat_answers_{name}", about, registry=registry).set_function(count)

    def answered(self, answer: Answer, face: str) -> None:
        """Record a whole answer that a face gave."""
        self._answers.labels(face, "answered" if answer.answered else "declined").inc()
        for sentence in answer.sentences:
            self._sentences.labels(sentence.support).inc()
        timings = answer.timings
        self._tokens.labels("read").inc(timings.prompt_tokens)
        self._tokens.labels("written").inc(timings.answer_tokens)
        for name, seconds in (
            ("papers", timings.papers_s),
            ("first_token", timings.first_token_s),
            ("answer", timings.total_s),
        ):
            if seconds is not None:
                self._seconds[name].observe(seconds)

    def left(self, face: str) -> None:
        """Record that who asked went away before the answer was whole."""
        self._answers.labels(face, "left").inc()

    def requested(self, method: str, route: str, status: int) -> None:
        """Record a request that was answered."""
        self._requests.labels(method, route, str(status)).inc()

    def text(self) -> bytes:
        """Return everything in the text format of Prometheus."""
        return generate_latest(self.registry)


class Counted:
    """An application in, the same out whose requests are counted: by the template of the route, never by the path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it once its response begins."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                mounted = _AGENTS if scope["path"].startswith(_AGENTS) else _PAGE
                route = getattr(scope.get("route"), "path_format", mounted)
                self.metrics.requested(_method(scope["method"]), route, message["status"])
            await send(message)

        await self.app(scope, receive, sent if scope["type"] == "http" else send)


def _method(name: str) -> str:
    """Return a method as it is counted: those that nobody knows are one."""
    return name if name in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"

"""What crowds of different sizes met in, a table of figures out: the service beside the engine without one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.load.samples import BUSY, DONE, LEFT, Run, percentile
from bench.load.wishes import LIST, SEARCH, STREAMED, WHOLE

_ANSWERS = (STREAMED, WHOLE)
_HEAD = (
    "people | answers/s | without | ratio | first papers p50 | p95 | answer p50 | p95 | without p50 | p95 "
    "| search p95 | list p95 | 429 | left | errors | free after | server CPU | crowd CPU | without CPU"
)


@dataclass(frozen=True)
class Met:
    """What one crowd met; seconds where nothing else is said, None where nothing came.

    Attributes:
        users: How many people.
        answers_per_s: Whole answers, of those that came while people went on asking.
        first_p50_s: Until the papers of a streamed answer.
        first_p95_s: The same.
        answer_p50_s: Until the whole answer.
        answer_p95_s: The same.
        search_p95_s: Until the papers of a search.
        list_p95_s: Until a list.
        answers: How many answers the figures are of.
        requests: How many wishes of all kinds were begun.
        busy: So many were told when to come back.
        left: So many hung up.
        errors: How often each thing went wrong.
        crowd_cpu: Of the process of the crowd, in seconds of CPU a second; the engine is in it where it is called
            directly.
    """

    users: int
    answers_per_s: float
    first_p50_s: float | None
    first_p95_s: float | None
    answer_p50_s: float | None
    answer_p95_s: float | None
    search_p95_s: float | None
    list_p95_s: float | None
    answers: int
    requests: int
    busy: int
    left: int
    errors: dict[str, int]
    crowd_cpu: float

    @classmethod
    def of(cls, run: Run) -> "Met":
        """Sum up a run."""
        done = [sample for sample in run.samples if sample.outcome == DONE]
        answers = [sample for sample in done if sample.kind in _ANSWERS]
        whole = [sample.whole_s for sample in answers]
        first = [sample.first_s for sample in answers if sample.first_s is not None]
        in_time = sum(sample.begun_s + sample.whole_s <= run.seconds for sample in answers)
        outcomes = Counter(sample.outcome for sample in run.samples)
        return cls(
            users=run.users,
            answers_per_s=in_time / run.seconds,
            first_p50_s=percentile(first, 0.5),
            first_p95_s=percentile(first, 0.95),
            answer_p50_s=percentile(whole, 0.5),
            answer_p95_s=percentile(whole, 0.95),
            search_p95_s=percentile([sample.whole_s for sample in done if sample.kind == SEARCH], 0.95),
            list_p95_s=percentile([sample.whole_s for sample in done if sample.kind == LIST], 0.95),
            answers=len(answers),
            requests=len(run.samples),
            busy=outcomes[BUSY],
            left=outcomes[LEFT],
            errors={name: times for name, times in outcomes.items() if name not in (DONE, BUSY, LEFT)},
            crowd_cpu=run.cpu_s / run.lasted_s,
        )


@dataclass(frozen=True)
class Level:
    """A crowd of one size at the service, and the same one at the engine itself.

    Attributes:
        service: What it met at the service.
        direct: What threads met that called the engine.
        server_cpu: Of the server, in seconds of CPU a second.
        idle_s: Seconds until no place was taken any more once all had gone; None where one still was.
    """

    service: Met
    direct: Met
    server_cpu: float
    idle_s: float | None

    @property
    def ratio(self) -> float | None:
        """Answers a second of the service, of those that the engine gives without one."""
        return self.service.answers_per_s / self.direct.answers_per_s if self.direct.answers_per_s else None


def table(levels: Sequence[Level]) -> str:
    """Return a Markdown table, a line for each level."""
    return "\n".join([f"| {_HEAD} |", f"|{'---|' * len(_HEAD.split('|'))}", *map(_row, levels)])


def _row(level: Level) -> str:
    service, direct = level.service, level.direct
    cells: Iterable[float | str | None] = (
        str(service.users),
        service.answers_per_s,
        direct.answers_per_s,
        level.ratio,
        *(service.first_p50_s, service.first_p95_s, service.answer_p50_s, service.answer_p95_s),
        *(direct.answer_p50_s, direct.answer_p95_s),
        *(service.search_p95_s, service.list_p95_s),
        *(str(service.busy), str(service.left)),
        ", ".join(f"{times} × {name}" for name, times in service.errors.items()) or "0",
        *("never" if level.idle_s is None else level.idle_s, level.server_cpu, service.crowd_cpu, direct.crowd_cpu),
    )
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(value: float | str | None) -> str:
    return "–" if value is None else value if isinstance(value, str) else f"{value:.2f}"

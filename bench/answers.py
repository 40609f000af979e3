"""Questions of a file in, times and the plainest signs of quality out: asks a real engine, one question after another.

    python -m bench.answers [--questions FILE] [--every N] [--model NAME] [--index DIR] [--out FILE]

Facts: the share of a fact's numbers (all of them) or, where it has none, of its stemmed words that the answer repeats;
it cannot show that they are said of the right thing.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psutil

from index.papers import title_key
from index.words import tokenize
from rag import Answer, Engine, Turn
from rag.check import numbers

DATA = Path(__file__).parent / "data"


def main() -> None:
    """Ask, print a table, and write every answer as a JSON line."""
    options = _options()
    rows = [json.loads(line) for line in options.questions.read_text(encoding="utf-8").splitlines()][:: options.every]
    with Engine.open(options.index, model=options.model, background=True) as engine:
        engine.wait()
        answers = [_ask(engine, row) for row in rows]
        memory = psutil.Process().memory_info().rss / 2**30
        peak = _peak_gib()
    if options.out:
        lines = (
            json.dumps({**row, "answer": answer.to_dict()}, ensure_ascii=False)
            for row, answer in zip(rows, answers, strict=True)
        )
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} questions of {options.questions.name}, model {options.model}")
    print(f"  memory {memory:.2f} GiB, at most {peak:.2f} GiB")
    _print_times(answers)
    _print_quality(rows, answers)


def facts_found(facts: Iterable[str], text: str) -> float:
    """Return the mean over facts of how much of each stands in a text, 0 to 1."""
    shares = [
        _share(numbers(fact), numbers(text)) if numbers(fact) else _share(set(tokenize(fact)), set(tokenize(text)))
        for fact in facts
    ]
    return statistics.mean(shares) if shares else 0.0


def _share(wanted: set[str], there: set[str]) -> float:
    return len(wanted & there) / len(wanted) if wanted else 1.0


def _ask(engine: Engine, row: dict[str, Any]) -> Answer:
    answer = engine.ask(row["question"], [Turn(question, "") for question in row.get("history", [])])
    print(f"{answer.timings.total_s:6.1f} s  {row['question'][:60]:60}  {answer.text[:90]!r}", file=sys.stderr)
    return answer


def _print_times(answers: list[Answer]) -> None:
    timings = [answer.timings for answer in answers]
    written = [answer.timings for answer in answers if answer.writer != "none"]
    _print_row("papers, s", [t.papers_s for t in timings])
    _print_row("first token, s", [t.first_token_s for t in written])
    _print_row("whole answer, s", [t.total_s for t in written])
    _print_row("tokens read", [t.prompt_tokens for t in written])
    _print_row("tokens written", [t.answer_tokens for t in written])


def _print_row(name: str, values: Sequence[float | None]) -> None:
    known = sorted(value for value in values if value is not None)
    if known:
        p95 = known[int(0.95 * (len(known) - 1))]
        print(f"  {name:16} median {statistics.median(known):8.2f}   p95 {p95:8.2f}")


def _print_quality(rows: list[dict[str, Any]], answers: list[Answer]) -> None:
    pairs = list(zip(rows, answers, strict=True))
    for kind in dict.fromkeys(row.get("type") or row.get("kind") for row in rows):
        of_kind = [(row, answer) for row, answer in pairs if (row.get("type") or row.get("kind")) == kind]
        said = [(row, answer) for row, answer in of_kind if answer.answered]
        line = f"  {kind:14} {len(of_kind):3}   answered {len(said) / len(of_kind):.2f}"
        if said and "relevant" in said[0][0]:
            gold = [_share({title_key(t) for t in row["relevant"]}, _cited(answer)) for row, answer in said]
            right = [_share(_cited(answer), {title_key(t) for t in row["relevant"]}) for row, answer in said]
            facts = [facts_found(row["facts"], answer.text) for row, answer in of_kind]
            means = {"gold cited": gold, "citations right": right, "facts": facts}
            line += "".join(f"   {name} {statistics.mean(shares):.2f}" for name, shares in means.items())
        print(line)


def _cited(answer: Answer) -> set[str]:
    return {title_key(citation.paper.title) for citation in answer.citations}


def _peak_gib() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, default=DATA / "questions.jsonl")
    parser.add_argument("--every", type=int, default=1, help="take each n-th question")
    parser.add_argument("--model", default="qwen2.5-coder-1.5b-instruct")
    parser.add_argument("--index", type=Path)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()

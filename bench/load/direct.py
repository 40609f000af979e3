"""The alternative: an engine in a process of its own that threads call without any service between.

    python -m bench.load.direct INDEX MODEL

Reads lines of "USERS SECONDS [MOST]", answers each with a `Run` as a line of JSON.
"""

import sys
import threading
import time
from contextlib import closing
from itertools import count

from bench.load.samples import DONE, LEFT, Run, Sample
from bench.load.wishes import HANG_UP, LIST, SEARCH, SEARCHED, STREAMED, Wish, wishes
from rag import Engine, Turn
from ui import process


def run(engine: Engine, users: int, seconds: float, most: int = sys.maxsize) -> Run:
    """Let as many threads as there are people wish of an engine, each the next as soon as the last is done."""
    samples: list[Sample] = []
    numbers = count()
    cpu_s, start = time.process_time(), time.perf_counter()

    def person(number: int) -> None:
        for wish in wishes(number):
            begun = time.perf_counter()
            if begun - start >= seconds or next(numbers) >= most:
                return
            try:
                first_s, outcome = answered(engine, wish)
            except Exception as error:
                first_s, outcome = None, repr(error)
            samples.append(Sample(wish.kind, begun - start, time.perf_counter() - begun, first_s, outcome))

    people = [threading.Thread(target=person, args=(number,)) for number in range(users)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    began_s = min(time.perf_counter() - start, seconds)
    return Run(users, began_s, time.process_time() - cpu_s, tuple(samples))


def answered(engine: Engine, wish: Wish) -> tuple[float | None, str]:
    """Return when the papers came, where they come first, and the outcome."""
    start = time.perf_counter()
    if wish.kind == LIST:
        engine.papers(wish.text)
    elif wish.kind == SEARCH:
        engine.search(wish.text, SEARCHED)
    else:
        first_s = None
        answers = engine.stream(wish.text, [Turn(each, "") for each in wish.history])
        with closing(answers):  # type: ignore[type-var]
            for _ in answers:
                first_s = first_s or time.perf_counter() - start
                if wish.kind == HANG_UP:
                    return first_s, LEFT
        return first_s if wish.kind == STREAMED else None, DONE
    return None, DONE


def main() -> None:
    """Open the engine and do what is read."""
    process.wait_asleep()  # as `paperchat serve` does
    process.give_back_freed()
    process.one_core_each()
    index, model = sys.argv[1:]
    with Engine.open(index, model=model) as engine:
        for line in sys.stdin:
            users, seconds, *most = line.split()
            print(run(engine, int(users), float(seconds), *map(int, most)).written(), flush=True)


if __name__ == "__main__":
    main()

"""How the serving process bears many people at once, beside the same engine called without a service.

    python -m bench.load [--index DIR] [--model NAME ...] [--users 1 4 16 64] [--seconds 10] [--out FILE.json]
    python -m bench.load --requests 3600 [--users 4] [--out FILE.json]

The first starts `paperchat serve` for each model and lets crowds (locust, over loopback) ask, search, list and hang up
without a pause; whoever is told to come back later (429) does. A crowd begins nothing after its seconds, and what was
begun is waited for. Beside each crowd, threads of another process call the engine itself. "without" is what those got.

The second asks for about an hour's worth of one person's questions and tells by how much the server's memory grew.
"""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.load.drift import drift
from bench.load.figures import Level, Met, table
from bench.load.serving import Direct, Serving, serving
from rag import Settings

_WARM = 30  # requests
_WARM_S = 60.0
_LONGEST_S = 3 * 3600.0


def main() -> None:
    """Measure and print."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started here is ended too
    index = Settings.load(index=options.index).index_folder
    measured: dict[str, Any] = {}
    for model in options.model or (["none"] if options.requests else ["none", "smollm2-135m-instruct"]):
        with serving(index, model) as server:
            print(f"\nmodel {model}, {server.papers()} papers", flush=True)
            if options.requests:
                measured[model] = _drift(server, (options.users or [4])[0], options.requests)
            else:
                measured[model] = _levels(server, index, model, options.users or [1, 4, 16, 64], options.seconds)
    if options.out:
        options.out.write_text(json.dumps(measured, indent=1), encoding="utf-8")


def _levels(server: Serving, index: Path, model: str, sizes: Sequence[int], seconds: float) -> dict[str, Any]:
    with Direct(index, model) as direct:
        server.crowd(2, _WARM_S, _WARM).run()
        direct.run(2, _WARM_S, _WARM)
        before, levels = server.footprint(), []
        for users in sizes:
            levels.append(_level(server, direct, users, seconds))
            print(f"{users} people: done", file=sys.stderr, flush=True)
        after = server.footprint()
    print(table(levels))
    print(f"server before: {before}\nserver after:  {after}", flush=True)
    rows = [{**asdict(level), "ratio": level.ratio} for level in levels]
    return {"levels": rows, "before": asdict(before), "after": asdict(after)}


def _level(server: Serving, direct: Direct, users: int, seconds: float) -> Level:
    cpu_s = server.footprint().cpu_s
    run = server.crowd(users, seconds).run()
    server_cpu = (server.footprint().cpu_s - cpu_s) / run.lasted_s
    idle_s = server.idle_s()
    return Level(Met.of(run), Met.of(direct.run(users, seconds)), server_cpu, idle_s)


def _drift(server: Serving, users: int, requests: int) -> dict[str, Any]:
    done = drift(server, users, requests, _LONGEST_S)
    print(done, flush=True)
    return asdict(done)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, help="Folder; by default the index of `paperchat serve`.")
    parser.add_argument("--model", nargs="+", help="By default none and smollm2-135m-instruct.")
    parser.add_argument("--users", type=int, nargs="+", help="By default 1 4 16 64; with --requests 4.")
    parser.add_argument("--seconds", type=float, default=10.0, help="For so long a crowd begins something new.")
    parser.add_argument("--requests", type=int, default=0, help="Look at the memory over so many instead.")
    parser.add_argument("--out", type=Path, help="Write all figures there as JSON.")
    return parser.parse_args()


if __name__ == "__main__":
    main()

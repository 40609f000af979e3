"""How well the check of sentences tells true from bent ones, beside words, a cosine and what it was before.

    python -m bench.check [--index DIR] [--papers N] [--cache FILE] [--show KIND]

Two sets. By rule: sentences of the index's abstracts, copied, paraphrased and joined, and the same ones bent
(bench/corrupt.py). By hand: bench/data/check.jsonl, sentences of starter digests as a language model would put them,
true and wrong. Each is checked against the paper and the two papers found beside it. Papers are dev or held out by a
digest of their title; thresholds of the others flag 5 % of the true sentences
of dev. Rules were made on dev, and by hand on both; "fresh" was written by hand when they were done.

"flagged" is the share called unsupported, "or partial" the share not called supported; precision, recall and F1 are of
"not supported" as the thing to be found.
"""

import argparse
import hashlib
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.corrupt import TRUE, Case, cases
from index.chunks import sentences
from index.papers import Paper, title_key
from index.store import Store
from index.vectors import Encoder, SentenceEncoder, Vectors
from index.words import tokenize
from rag import Settings
from rag.check import Verdict, attribute
from rag.evidence import Source, embedded, split
from rag.names import name_keys
from rag.retrieve import Ranked, search

DATA = Path(__file__).parent / "data" / "check.jsonl"
SEED = 7
WRONGLY_FLAGGED = 0.05
NEIGHBOURS = 3
Judge = Callable[["Trial"], str]


@dataclass(frozen=True)
class Trial:
    """A case, its part, its vector, and what it is checked against."""

    case: Case
    part: str
    vector: Vectors
    sources: list[Source]


def main() -> None:
    """Print a table for each set and part."""
    options = _options()
    settings = Settings.load(index=options.index)
    encoder = Remembering(SentenceEncoder.from_name(settings.encoder, settings.offline), options.cache)
    store = Store.open(settings.index_folder, encoder)
    encoder.encode([span.text for paper in store.papers for span in sentences(paper.abstract)])
    encoder.save()
    sets = {"by rule": _by_rule(store, encoder, settings, options.papers), "by hand": _by_hand(store)}
    for name, made in sets.items():
        trials = _trials(made, store, encoder, settings)
        dev = [trial for trial in trials if trial.part == "dev"]
        judges = _judges(dev) if dev else {}
        for part in ("dev", "held out", "fresh"):
            if chosen := [trial for trial in trials if trial.part == part]:
                _print_table(f"{name}, {part}", judges, chosen)
                _print_misses(options.show, options.part, part, chosen)
    encoder.save()
    store.close()


class Remembering:
    """An encoder that keeps the vectors of texts in a file."""

    def __init__(self, encoder: SentenceEncoder, file: Path | None) -> None:
        self.name, self.digest = encoder.name, encoder.digest
        self._encoder, self._file = encoder, file
        self._rows: dict[str, Vectors] = {}
        if file and file.exists():
            with np.load(file) as kept:
                self._rows = dict(zip(kept["texts"].tolist(), kept["rows"], strict=True))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text."""
        fresh = sorted({text for text in texts if text not in self._rows})
        if fresh:
            self._rows.update(zip(fresh, self._encoder.encode(fresh), strict=True))
        return np.asarray([self._rows[text] for text in texts], dtype=np.float32)

    def save(self) -> None:
        """Write what is known to the file."""
        if self._file:
            np.savez(self._file, texts=np.asarray(list(self._rows)), rows=np.asarray(list(self._rows.values())))


def _by_rule(store: Store, encoder: Encoder, settings: Settings, count: int) -> list[Case]:
    """Return the cases of `count` papers, drawn by the seed."""
    papers = random.Random(SEED).sample(store.papers, min(count, len(store.papers)))
    made: list[Case] = []
    for paper in papers:
        beside = _beside(paper, store, encoder, settings)
        made += list(cases(paper, beside, store.papers, random.Random(f"{SEED} {paper.title}")))
    return made


def _by_hand(store: Store) -> list[Case]:
    """Return the cases of the file whose paper is in the index."""
    papers = {title_key(paper.title): paper for paper in store.papers}
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    return [
        Case(
            {"true": "paraphrased"}.get(row["kind"], row["kind"]),
            row["sentence"],
            papers[title_key(row["paper"])],
            tuple(papers[title_key(title)] for title in row.get("shown", ())),
            question=row.get("question", ""),
            part=row.get("part", ""),
        )
        for row in rows
        if title_key(row["paper"]) in papers
    ]


def _beside(paper: Paper, store: Store, encoder: Encoder, settings: Settings) -> list[Paper]:
    found = search(store, encoder, paper.title, NEIGHBOURS + 1, settings.candidates, settings.dense_weight)
    return [hit.paper for hit in found.ranked if hit.paper.id != paper.id][:NEIGHBOURS]


def _trials(made: Sequence[Case], store: Store, encoder: Encoder, settings: Settings) -> list[Trial]:
    """Give each case its evidence: three papers, its own the first unless it is to be absent."""
    vectors = encoder.encode([case.sentence for case in made])
    near = {paper.id: _beside(paper, store, encoder, settings) for paper in {case.paper for case in made}}
    trials = []
    for case, vector in zip(made, vectors, strict=True):
        first = [*([] if case.absent else [case.paper]), *case.shown]
        others = [paper for paper in near[case.paper.id] if paper.id not in {shown.id for shown in first}]
        papers = [*first, *others][:3]
        part = "dev" if hashlib.sha256(case.paper.title.encode()).digest()[0] % 2 else "held out"
        sources = embedded(encoder, split([Ranked(paper, 1.0) for paper in papers]))
        trials.append(Trial(case, case.part or part, vector, sources))
    return trials


def _judges(dev: Sequence[Trial]) -> dict[str, Judge]:
    """Return what is compared: a sentence and its sources in, a support status out."""
    true = [trial for trial in dev if trial.case.true]
    cosine = _threshold([_cosine(trial.vector, trial.sources) for trial in true])
    words = _threshold([_words(trial.case.sentence, trial.sources) for trial in true])
    return {
        f"cosine {cosine:.2f}": lambda trial: _over(_cosine(trial.vector, trial.sources), cosine),
        f"words {words:.2f}": lambda trial: _over(_words(trial.case.sentence, trial.sources), words),
        "before": lambda trial: _before(trial.case.sentence, trial.vector, trial.sources),
        "check": lambda trial: _verdict(trial).support,
    }


def _verdict(trial: Trial) -> Verdict:
    return attribute(trial.case.sentence, trial.vector, trial.sources, asked=trial.case.question)


def _threshold(scores: Sequence[float]) -> float:
    """Return the largest score below which at most `WRONGLY_FLAGGED` of the true sentences of dev are."""
    return float(np.floor(100 * np.quantile(scores, WRONGLY_FLAGGED)) / 100)


def _over(score: float, limit: float) -> str:
    return "supported" if score >= limit else "unsupported"


def _cosine(vector: Vectors, sources: Sequence[Source]) -> float:
    return max(float((source.vectors @ vector).max(initial=0.0)) for source in sources)


def _words(sentence: str, sources: Sequence[Source]) -> float:
    """Return the largest share of a sentence's words that one paper has."""
    words = set(tokenize(sentence))
    there = [set(tokenize(f"{source.paper.title} {source.paper.abstract}")) for source in sources]
    return max(len(words & of_paper) / max(len(words), 1) for of_paper in there)


def _before(sentence: str, vector: Vectors, sources: Sequence[Source]) -> str:
    """Judge as rag/check.py did at first: numbers and names of the paper, then words or a cosine."""
    facts = _first_facts(sentence)
    texts = [f"{source.paper.title} {source.paper.abstract}" for source in sources]
    there = [_first_facts(text) | _acronyms(text) for text in texts]
    words, tokens = set(tokenize(sentence)), [set(tokenize(text)) for text in texts]
    claims = [
        0.5 * float((source.vectors @ vector).max(initial=0.0))
        + 0.5 * len(words & tokens[at]) / max(len(words), 1)
        - 0.5 * len(facts - there[at]) / max(len(facts), 1)
        for at, source in enumerate(sources)
    ]
    order = sorted(range(len(sources)), key=lambda at: -round(claims[at], 6))
    cited, lacking = order[:1], facts - there[order[0]]
    for at in order[1:]:
        if found := there[at] & lacking:
            cited.append(at)
            lacking -= found
    cosine = max(float((sources[at].vectors @ vector).max(initial=0.0)) for at in cited)
    share = len(words & set().union(*(tokens[at] for at in cited))) / max(len(words), 1)
    if lacking or (share < 0.4 and cosine < 0.45):
        return "unsupported"
    return "supported" if share >= 0.6 or cosine >= 0.7 else "partial"


def _first_facts(text: str) -> set[str]:
    """Return numbers without units, and names."""
    spelt = "zero one two three four five six seven eight nine ten eleven twelve".split()
    digits = re.findall(r"(?<![A-Za-z\d.])(?:\d+(?:[.,]\d+)*|\.\d+)", text)
    plain = {number.replace(",", "").lstrip("0") for number in digits}
    plain = {number.rstrip("0").rstrip(".") if "." in number else number or "0" for number in plain}
    return plain | {str(spelt.index(word)) for word in text.casefold().split() if word in spelt[2:]} | name_keys(text)


def _acronyms(text: str) -> set[str]:
    initials = "".join(word[0] for word in re.findall(r"[A-Za-z]+", text)).casefold()
    return {initials[at : at + length] for length in range(2, 6) for at in range(len(initials) - length + 1)}


def _print_table(title: str, judges: dict[str, Judge], trials: Sequence[Trial]) -> None:
    statuses = {name: [judge(trial) for trial in trials] for name, judge in judges.items()}
    kinds = sorted({trial.case.kind for trial in trials}, key=lambda kind: (kind not in TRUE, kind))
    true = [trial.case.true for trial in trials]
    print(f"\n{title}: {sum(true)} true, {len(true) - sum(true)} bent; flagged (or partial)")
    print(f"  {'':18}   n" + "".join(f"  {name:>14}" for name in statuses))
    for kind in kinds:
        at = [place for place, trial in enumerate(trials) if trial.case.kind == kind]
        _print_row(kind, len(at), [[of[place] for place in at] for of in statuses.values()])
    for name, wanted in (("all true", True), ("all bent", False)):
        at = [place for place, is_true in enumerate(true) if is_true == wanted]
        _print_row(name, len(at), [[of[place] for place in at] for of in statuses.values()])
    figures = [_figures([status == "unsupported" for status in of], true) for of in statuses.values()]
    for row, name in enumerate(("precision", "recall", "F1")):
        print(f"  {name:18}    " + "".join(f"  {of[row]:14.3f}" for of in figures))


def _print_row(kind: str, count: int, columns: Sequence[Sequence[str]]) -> None:
    shares = [
        (sum(status == "unsupported" for status in of) / count, sum(status != "supported" for status in of) / count)
        for of in columns
        if count
    ]
    print(f"  {kind:18} {count:3}" + "".join(f"  {f'{flagged:.2f} ({any_:.2f})':>14}" for flagged, any_ in shares))


def _figures(flagged: Sequence[bool], true: Sequence[bool]) -> tuple[float, float, float]:
    hits = sum(is_flagged and not is_true for is_flagged, is_true in zip(flagged, true, strict=True))
    precision, recall = hits / max(sum(flagged), 1), hits / max(len(true) - sum(true), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def _print_misses(kind: str | None, wanted: str, part: str, trials: Sequence[Trial]) -> None:
    """Print the sentences of a kind that were judged wrongly, of the dev part unless asked otherwise."""
    for trial in trials if kind and part == wanted else ():
        verdict = _verdict(trial)
        if kind in (trial.case.kind, "all") and (verdict.support == "unsupported") == trial.case.true:
            print(f"    {trial.case.kind}: {trial.case.sentence}")
            print(f"        {verdict.support} {verdict.why}: {verdict.quotes[0].text}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--papers", type=int, default=200, help="papers whose sentences are bent by rule")
    parser.add_argument("--cache", type=Path, help="keep vectors in this .npz")
    parser.add_argument("--show", metavar="KIND", help="print the sentences of a kind, or of all, judged wrongly")
    parser.add_argument("--part", default="dev", help="the part that --show prints")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""The calibration of the judge: for each task a sigmoid of the log-odds, fitted for one model and its prompts."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import prompts
from index.vectors import Vectors
from rag.judges.tasks import TASKS

FILE = Path(__file__).with_suffix(".json")
_SURE = 12.0  # log-odds: no probability is 1 in float32


@dataclass(frozen=True)
class Fit:
    """Platt scaling (Platt 1999): a probability is the sigmoid of `intercept + slope * log-odds`."""

    intercept: float
    slope: float

    def probabilities(self, odds: Vectors) -> Vectors:
        """Return float32 `(n,)` for log-odds `(n,)`, all above 0 and below 1."""
        sums = np.clip(self.intercept + self.slope * odds.astype(np.float64), -_SURE, _SURE)
        return np.asarray(1 / (1 + np.exp(-sums)), dtype=np.float32)


@dataclass(frozen=True)
class Calibration:
    """What belongs to one language model.

    Attributes:
        model: Its name.
        prompts: Digest of the prompts that it was fitted with.
        threshold: Least probability of a claim at which it gets its mark.
        fits: By task.
        rows: How many labelled rows each was fitted on.
    """

    model: str
    prompts: str
    threshold: float
    fits: dict[str, Fit]
    rows: dict[str, int]


def load(sha256: str, file: Path = FILE) -> Calibration | None:
    """Return the calibration of a model, by the SHA-256 of its weights; None where it has none."""
    row = json.loads(file.read_text(encoding="utf-8")).get(sha256)
    return row and Calibration(**{**row, "fits": {task: Fit(**fit) for task, fit in row["fits"].items()}})


def save(sha256: str, calibration: Calibration, file: Path = FILE) -> None:
    """Add the calibration of a model to the file, or replace it."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    known[sha256] = asdict(calibration)
    file.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


def prompts_digest() -> str:
    """Return the digest of every text that the judge sends; with another one, a calibration no longer holds."""
    names = {"judge_paper", *(name for task in TASKS.values() for name in (task.system, task.given, task.asked))}
    texts = [[name, prompts.load(name).template] for name in sorted(names)]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()

"""Questions that papers answer in, the same questions over an index without those papers out.

They are unanswerable for free, and pairs: each is known to be answered when its paper is there. Now and then another
paper says part of it, so that not every answer is wrong.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from index.store import Store
from index.update import update
from index.vectors import Encoder
from rag.evaluation.cases import Case
from rag.evaluation.collection import evaluation_cache

GROUP = "taken out"


def taken_out(cases: Sequence[Case]) -> list[Case]:
    """Return questions as they are once none of their relevant papers is there: nothing answers them."""
    return [replace(case, key=f"{case.key}, taken out", kind="unanswerable", group=GROUP, grades={}) for case in cases]


@contextmanager
def store_without(store: Store, cases: Sequence[Case], encoder: Encoder) -> Iterator[Store]:
    """Open a copy of an index without the papers that are relevant to any of some questions; it is deleted afterwards.

    What stays in it is not embedded again.
    """
    gone = {paper_id for case in cases for paper_id in case.grades}
    name = hashlib.sha256("\n".join([str(store.folder.resolve()), *sorted(gone)]).encode()).hexdigest()[:12]
    folder = evaluation_cache() / f"without-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(store.folder, folder)
    try:
        update(folder, [paper for paper in store.papers if paper.id not in gone], encoder, replace_all=True)
        without = Store.open(folder, encoder)
        try:
            yield without
        finally:
            without.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""What a service says of one paper in, its `Paper` out, or why there is none."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from index.paper import Paper
from index.sources.jsonl import from_json
from index.sources.reading import LeftOut


def papers_of(record: Mapping[str, Any] | str, source: str, name: str) -> Iterator[Paper | LeftOut]:
    """Yield the paper of one record, in any of the forms of JSON that files may have too.

    Args:
        record: What the service says; or why it can't be read.
        source: What was asked for, which the paper remembers.
        name: What the service calls the record, for the complaint.
    """
    if isinstance(record, str):
        yield LeftOut(source, None, f"{name}: {record}")
        return
    for found in from_json(record, source):
        yield replace(found, reason=f"{name}: {found.reason}") if isinstance(found, LeftOut) else found

"""What a service says of one paper in, a `Paper` out, or why there is none."""

import json
from collections.abc import Mapping
from typing import Any

from index.paper import Paper
from index.sources.jsonl import read_jsonl
from index.sources.reading import LeftOut


def paper_of(record: Mapping[str, Any] | str, source: str, name: str) -> Paper | LeftOut:
    """Return the paper of one record.

    Args:
        record: By the names that a line of JSON has; or why it can't be read.
        source: What was asked for, which the paper remembers.
        name: What the service calls the record, for the complaint.
    """
    if isinstance(record, str):
        return LeftOut(source, None, f"{name}: {record}")
    (found,) = read_jsonl([(1, json.dumps(record))], source)
    return LeftOut(source, None, f"{name}: {found.reason}") if isinstance(found, LeftOut) else found

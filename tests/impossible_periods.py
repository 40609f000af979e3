"""Hooks of schemathesis: no request asks for papers since a day that comes after until, which no schema can say."""

import schemathesis


@schemathesis.hook
def filter_body(context: schemathesis.HookContext, body: object) -> bool:
    """Keep a body whose period can be."""
    return possible(body)


@schemathesis.hook
def filter_query(context: schemathesis.HookContext, query: object) -> bool:
    """Keep a query whose period can be."""
    return possible(query)


def possible(asked: object) -> bool:
    """Tell whether since is no later than until; whatever is no text is kept, to be refused."""
    since, until = (asked.get(name) if isinstance(asked, dict) else None for name in ("since", "until"))
    if not (isinstance(since, str) and isinstance(until, str)):
        return True
    both = min(len(since), len(until))
    return since[:both] <= until[:both]

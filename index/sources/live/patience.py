"""What may fail for a while in, its result out, after as many tries and waits as a service and a person can bear."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tenacity import RetryCallState

TRIES = 6
TRIES_UNREACHED = 2
"""Tries of a service that was not reached at all: more would only make people wait for the message."""
_LONGEST_S = 60.0

Result = TypeVar("Result")


class Again(Exception):
    """A try failed in a way that may pass; the message says how.

    Attributes:
        after_s: The service wants to be left alone for so long.
        reached: Whether it was reached.
        unfit: Whether it answered, but not with what was asked for.
        tries: How many there were, once it is given up.
    """

    def __init__(self, reason: str, after_s: float = 0.0, reached: bool = True, unfit: bool = False) -> None:
        super().__init__(reason)
        self.after_s = after_s
        self.reached = reached
        self.unfit = unfit
        self.tries = 1


def persist(
    attempt: Callable[[], Result],
    backoff_s: float,
    sleep: Callable[[float], None] = time.sleep,
    tell: Callable[[Again, float], None] = lambda why, seconds: None,
) -> Result:
    """Return what comes of trying, again and again while it raises `Again`.

    Between two tries is as long a pause as the service wants, or a random one that is longer: at most `backoff_s` after
    the first try, twice as long after the next, and so on up to a minute (full jitter).

    Args:
        attempt: Is tried.
        backoff_s: Longest wait after the first try.
        sleep: Waits.
        tell: Is told why there is a wait, and how long, before it.

    Raises:
        Again: Of the last try.
    """
    from tenacity import Retrying, retry_if_exception_type, wait_random_exponential

    jitter = wait_random_exponential(multiplier=backoff_s, max=_LONGEST_S)
    retrying = Retrying(
        sleep=sleep,
        stop=_is_enough,
        wait=lambda state: max(_why(state).after_s, jitter(state)),
        retry=retry_if_exception_type(Again),
        before_sleep=lambda state: tell(_why(state), state.next_action.sleep if state.next_action else 0.0),
        reraise=True,
    )
    result: Result = retrying(attempt)
    return result


def _is_enough(state: "RetryCallState") -> bool:
    why = _why(state)
    why.tries = state.attempt_number
    return state.attempt_number >= (TRIES if why.reached else TRIES_UNREACHED)


def _why(state: "RetryCallState") -> Again:
    """Return why a try failed."""
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, Again) else Again(str(error))

"""Work that reports by callback in, an iterator that can be stopped at any moment out."""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

Item = TypeVar("Item")
_POLL_S = 0.1


def stoppable(run: Callable[[Callable[[Item], bool]], object], cancel: threading.Event) -> Generator[Item, None, None]:
    """Yield what `run` hands over, until it ends or `cancel` is set; `run` works in a thread of its own.

    Cancelling is felt within a tenth of a second, even while the next item is awaited. What `run` is given returns True
    once nobody listens any more: then it should end. What `run` raises is raised here.
    """
    items: queue.Queue[Item | None] = queue.Queue()
    left = threading.Event()
    errors: list[BaseException] = []

    def hand_over(item: Item) -> bool:
        items.put(item)
        return left.is_set() or cancel.is_set()

    def work() -> None:
        try:
            run(hand_over)
        except BaseException as error:  # raised again where it is read
            errors.append(error)
        finally:
            items.put(None)

    threading.Thread(target=work, daemon=True).start()
    try:
        while not cancel.is_set():
            try:
                item = items.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if item is None:
                if errors:
                    raise errors[0]
                return
            yield item
    finally:
        left.set()

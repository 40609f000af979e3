"""Work that reports by callback, or that blocks, in; an iterator that can be stopped at any moment out."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import suppress
from typing import Never, TypeVar

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


async def awaited(items: Callable[[], Iterable[Item]], cancel: threading.Event) -> AsyncGenerator[Item, None]:
    """Yield what `items()` yields in a thread of its own, so that an event loop goes on meanwhile.

    Leaving the iterator sets `cancel`, by which `items` should end. What `items` raises is raised here.
    """
    loop = asyncio.get_running_loop()
    ready: asyncio.Queue[Callable[[], Item]] = asyncio.Queue()

    def hand_over(get: Callable[[], Item]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens
            loop.call_soon_threadsafe(ready.put_nowait, get)

    def work() -> None:
        try:
            for item in items():
                hand_over(lambda item=item: item)  # type: ignore[misc]
        except BaseException as error:
            hand_over(lambda error=error: _raise(error))  # type: ignore[misc]
        else:
            hand_over(lambda: _raise(StopAsyncIteration()))

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            get = await ready.get()
            try:
                item = get()
            except StopAsyncIteration:
                return
            yield item
    finally:
        cancel.set()


def _raise(error: BaseException) -> Never:
    raise error

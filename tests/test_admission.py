"""The queue before the answers: order, positions, refusal."""

import asyncio
import threading

import pytest

from ui.admission import Admission, Busy, Place


def test_so_many_begin_at_once_and_the_others_know_how_many_are_ahead() -> None:
    admission = Admission(at_once=2, waiting=3)
    assert [admission.enter().ahead for _ in range(5)] == [0, 0, 1, 2, 3]
    assert (admission.in_progress, admission.waiting) == (2, 3)


def test_who_comes_when_too_many_wait_is_told_when_to_come_back() -> None:
    admission = Admission(at_once=1, waiting=1)
    admission.enter()
    admission.enter()
    with pytest.raises(Busy, match=r"1 in progress, 1 waiting\. Ask again in 20 seconds") as busy:
        admission.enter()
    assert busy.value.retry_after_s == 20  # two answers of ten seconds, before anything was measured


def test_nobody_may_wait_where_there_is_no_room() -> None:
    admission = Admission(at_once=1, waiting=0)
    with admission.enter(), pytest.raises(Busy):
        admission.enter()
    admission.enter()


def test_first_come_is_first_served() -> None:
    admission = Admission(at_once=1, waiting=9)
    first, second, third = admission.enter(), admission.enter(), admission.enter()
    assert not second.wait(0)
    first.leave()
    assert second.wait(0) and not third.wait(0)
    second.leave()
    assert third.wait(0)


def test_one_who_gives_up_waiting_lets_the_others_move_up() -> None:
    admission = Admission(at_once=1, waiting=9)
    places = [admission.enter() for _ in range(4)]
    places[1].leave()
    places[1].leave()  # a second time changes nothing
    assert [place.ahead for place in places] == [0, 0, 1, 2]


def test_a_thread_that_waits_begins_when_another_leaves() -> None:
    admission = Admission(at_once=1, waiting=1)
    first, second = admission.enter(), admission.enter()
    began = threading.Event()

    def begin() -> None:
        second.wait()
        began.set()

    thread = threading.Thread(target=begin)
    thread.start()
    assert not began.is_set()
    first.leave()
    thread.join()
    assert began.is_set()


def test_a_quick_answer_shortens_what_is_told_to_the_next() -> None:
    admission = Admission(at_once=1, waiting=0)
    for _ in range(30):
        admission.enter().leave()
    with admission.enter(), pytest.raises(Busy) as busy:
        admission.enter()
    assert busy.value.retry_after_s == 1


async def _steps(place: Place, told: list[int]) -> None:
    async for ahead in place.steps(threading.Event()):
        told.append(ahead)


def test_an_event_loop_hears_of_every_step_forward() -> None:
    async def play() -> list[int]:
        admission, told = Admission(at_once=1, waiting=9), list[int]()
        places = [admission.enter() for _ in range(3)]
        waiting = asyncio.create_task(_steps(places[2], told))
        for at in (0, 1):
            while len(told) == at and not waiting.done():
                await asyncio.sleep(0)
            await asyncio.to_thread(places[at].leave)
        await waiting
        return told

    assert asyncio.run(play()) == [2, 1]

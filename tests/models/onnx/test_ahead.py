import os
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event, current_thread, main_thread
from time import sleep

import pytest

from spacy_hone.models.onnx.ahead import Stopped, run_ahead


def read(stream, given):
    for item in stream:
        given.append(item)
        yield item


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_results_come_in_order(threads):
    found = [(item, result()) for item, result in run_ahead(lambda n: n * n, range(7), threads)]
    assert found == [(n, n * n) for n in range(7)]
    assert list(run_ahead(str, [], threads)) == []


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_so_many_items_are_read_ahead(threads):
    given: list[int] = []
    stream = run_ahead(str, read(range(9), given), threads)
    for n in range(3):
        item, result = next(stream)
        assert (item, result()) == (n, str(n))
        assert given == list(range(n + 1 + threads))
    stream.close()
    assert len(given) == 3 + threads


@pytest.mark.parametrize("threads", [0, 2])
def test_an_error_is_raised_for_its_item_alone(threads):
    found = []
    for item, result in run_ahead(lambda n: 6 // n, [1, 0, 2], threads):
        if item == 0:
            with pytest.raises(ZeroDivisionError):
                result()
        else:
            found.append(result())
    assert found == [6, 3]


def test_items_are_read_by_the_caller_and_worked_on_by_others():
    readers = []
    items = (readers.append(current_thread()) or n for n in range(4))
    workers = [result() for _, result in run_ahead(lambda _: current_thread(), items, 2)]
    assert set(readers) == {main_thread()} and main_thread() not in workers
    for worker in workers:
        worker.join(timeout=10)
        assert not worker.is_alive()


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_what_was_read_before_an_error_is_given_out(threads):
    def broken():
        yield from range(3)
        raise OSError("the disk")

    found = []
    with pytest.raises(OSError, match="the disk"):
        found.extend(item for item, _ in run_ahead(str, broken(), threads))
    assert found == [0, 1, 2]


def test_closing_does_not_wait_and_stops_work_within_work():
    started, stopped, done = Event(), Event(), []

    def inner(n):
        started.set()
        sleep(0.02)
        return n

    def outer(_):
        try:
            done.extend(result() for _, result in run_ahead(inner, range(1000), 2))
        except Stopped:
            stopped.set()
            raise

    stream = run_ahead(outer, range(3), 1)
    next(stream)
    assert started.wait(10)
    stream.close()
    assert not done
    assert stopped.wait(10) and len(done) < 1000


def test_where_there_can_be_no_thread_the_caller_works(monkeypatch):
    def refuse(*args):
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    workers = [result() for _, result in run_ahead(lambda _: current_thread(), range(3), 2)]
    assert set(workers) == {current_thread()}


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_forked_child_works_itself():
    stream = run_ahead(lambda n: (n, os.getpid()), range(5), 2)
    next(stream)
    read, write = os.pipe()
    if not (child := os.fork()):
        found = [result() for _, result in stream]
        os.write(write, repr([n for n, pid in found if pid == os.getpid()]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"[1, 2, 3, 4]"

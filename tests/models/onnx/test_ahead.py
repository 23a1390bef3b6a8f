from threading import current_thread, main_thread

import pytest

from spacy_hone.models.onnx.ahead import run_ahead


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
    assert all(not worker.is_alive() for worker in workers)

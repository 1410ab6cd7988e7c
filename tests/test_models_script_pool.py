"""Copies of a program: one for each shape, and one for all the others."""

from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

from videnhance.models.script_pool import Copies
from videnhance.models.torchscript import scripted


def _copies(count: int) -> tuple[torch.jit.ScriptModule, Copies]:
    first = scripted(nn.Identity())
    copies = Copies(first)
    for _ in range(count):
        copies.add(scripted(nn.Identity()))
    return first, copies


def test_each_shape_keeps_its_own_copy() -> None:
    first, copies = _copies(2)
    one, two = copies.of((1, 2)), copies.of((2, 1))
    assert len({id(first), id(one), id(two)}) == 3
    assert (copies.of((1, 2)), copies.of((2, 1))) == (one, two)


def test_what_comes_later_shares_the_first() -> None:
    first, copies = _copies(1)
    own = copies.of((1,))
    assert own is not first
    assert copies.of((2,)) is copies.of((3,)) is first
    assert copies.of((1,)) is own


def test_threads_that_ask_at_once_get_the_same() -> None:
    _, copies = _copies(4)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: copies.of((n % 4,)), range(400)))
    assert len({id(copy) for copy in found}) == 4
    for number, copy in enumerate(found):
        assert copy is found[number % 4]

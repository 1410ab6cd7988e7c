"""Plans: what stands still, what moves, what starts anew."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tests.frames import GRAY, frame_of, noise, texture
from videnhance.frame import Pixels
from videnhance.frame.geometry import Size
from videnhance.pipeline.motion import Motion
from videnhance.pipeline.plan import (
    CELL,
    ChangeDetector,
    Fill,
    FrameChange,
    Pair,
    Plan,
    Rationed,
    detail,
    every_nth,
    grid,
    nothing,
    planned,
    unchanged_cells,
)

SIZE = Size(150, 134)
CELLS = (3, 3)
HALO = 6
Mask = npt.NDArray[np.bool_]


def _brute_force(last: Pixels, seen: Pixels, halo: int) -> Mask:
    height, width = seen.shape[:2]
    rows, columns = grid(Size(width, height))
    out = np.zeros((rows, columns), np.bool_)
    for row, column in np.ndindex(rows, columns):
        top, left = max(row * CELL - halo, 0), max(column * CELL - halo, 0)
        part = (
            slice(top, (row + 1) * CELL + halo),
            slice(left, (column + 1) * CELL + halo),
        )
        out[row, column] = bool((last[part] == seen[part]).all())
    return out


def _motion(explained: Mask, cut: bool = False) -> Motion:
    return _moves(np.where(explained, 0.0, 100.0), cut)


def _moves(harm: npt.NDArray[np.float64], cut: bool = False) -> Motion:
    half = SIZE.height // 2, SIZE.width // 2
    flow, refused = np.zeros((*half, 2), np.float32), np.zeros(half, np.uint8)
    return Motion(flow, refused, harm < 50, harm, cut)


def _change(
    index: int,
    unchanged: Mask | None = None,
    explained: Mask | None = None,
    cut: bool = False,
) -> FrameChange:
    nowhere = np.zeros(CELLS, np.bool_)
    return FrameChange(
        noise(SIZE, index=index),
        np.zeros((SIZE.height, SIZE.width, 1), np.uint8),
        nowhere if unchanged is None else unchanged,
        None if explained is None else _motion(explained, cut),
    )


def _moving(count: int, cuts: Iterable[int] = ()) -> list[FrameChange]:
    """Sights of a scene whose motion explains everything, after the first."""
    everywhere = np.ones(CELLS, np.bool_)
    return [
        _change(i, explained=everywhere if i else None, cut=i in set(cuts))
        for i in range(count)
    ]


def _of_one_kind(plan: Plan) -> Fill:
    (kind,) = set(plan.fills.ravel().tolist())
    return Fill(kind)


@pytest.mark.parametrize("halo", [0, 1, 6, 70])
@pytest.mark.parametrize("changes", [0, 1, 2, 9, 2000])
@pytest.mark.parametrize("shape", [(134, 150, 1), (65, 129, 3), (1, 1, 1), (5, 200, 1)])
def test_unchanged_cells_are_those_of_a_plain_comparison(
    shape: tuple[int, int, int], changes: int, halo: int
) -> None:
    random = np.random.default_rng(changes)
    for _ in range(4):
        last = random.integers(0, 256, shape, np.uint8)
        seen = last.copy()
        for spot in random.integers(0, last.size, changes):
            seen.flat[spot] ^= 1
        wanted = _brute_force(last, seen, halo)
        np.testing.assert_array_equal(unchanged_cells(last, seen, halo=halo), wanted)


@pytest.mark.parametrize(
    ("x", "y", "changed"),
    [
        (CELL - HALO - 1, 70, {(1, 0)}),
        (CELL - HALO, 70, {(1, 0), (1, 1)}),
        (CELL + HALO - 1, 70, {(1, 0), (1, 1)}),
        (CELL + HALO, 70, {(1, 1)}),
        (20, CELL - HALO - 1, {(0, 0)}),
        (20, CELL - HALO, {(0, 0), (1, 0)}),
        (CELL, CELL, {(0, 0), (0, 1), (1, 0), (1, 1)}),
        (149, 133, {(1, 2), (2, 2)}),
    ],
)
def test_a_change_counts_up_to_the_halo_and_no_farther(
    x: int, y: int, changed: set[tuple[int, int]]
) -> None:
    last = np.zeros((SIZE.height, SIZE.width, 1), np.uint8)
    seen = last.copy()
    seen[y, x] = 1
    unchanged = unchanged_cells(last, seen, halo=HALO)
    assert set(map(tuple, np.argwhere(~unchanged).tolist())) == changed


def test_a_change_in_one_channel_is_a_change() -> None:
    last = np.zeros((70, 50, 3), np.uint8)
    for channel in range(3):
        seen = last.copy()
        seen[3, 3, channel] = 1
        assert not unchanged_cells(last, seen, halo=0)[0, 0]


def test_the_grid_covers_the_frame() -> None:
    assert grid(Size(1, 1)) == (1, 1)
    assert grid(Size(64, 65)) == (2, 1)
    assert grid(SIZE) == CELLS


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_network_sees_every_nth_frame(count: int) -> None:
    plans = list(planned(_moving(11), every_nth(count)))
    assert [p.frame.index for p in plans] == list(range(11))
    for plan in plans:
        due = plan.frame.index % count == 0
        assert _of_one_kind(plan) == (Fill.NETWORK if due else Fill.MOVED)


def test_at_a_cut_the_network_sees_everything_and_the_count_goes_on() -> None:
    plans = list(planned(_moving(10, cuts=[4, 5]), every_nth(3)))
    network = [p.frame.index for p in plans if _of_one_kind(p) is Fill.NETWORK]
    assert network == [0, 3, 4, 5, 6, 9]
    assert [p.frame.index for p in plans if p.motion is None] == [0, 4, 5]


def test_where_the_residual_would_be_most_wrong_the_network_looks() -> None:
    harm = np.arange(9.0).reshape(CELLS) * 10
    changes = [_change(0), replace(_change(1), motion=_moves(harm))]
    plan = list(planned(changes, every_nth(2)))[1]
    assert np.argwhere(plan.fills == Fill.NETWORK).tolist() == [[2, 2]]
    assert plan.count(Fill.MOVED) == 8


@pytest.mark.parametrize(("count", "share"), [(2, 0.56), (3, 0.393), (4, 0.31)])
def test_whatever_moves_the_network_is_saved(count: int, share: float) -> None:
    changes = [
        replace(_change(i), motion=_moves(np.full(CELLS, 100.0)), first=not i)
        for i in range(count * 100)
    ]
    plans = list(planned(changes, every_nth(count)))
    seen = sum(plan.count(Fill.NETWORK) for plan in plans)
    assert seen / (9 * len(plans)) == pytest.approx(share, abs=0.002)


def test_what_would_do_no_harm_is_not_looked_at() -> None:
    for plan in list(planned(_moving(200), every_nth(4))):
        assert len(np.unique(plan.fills)) == 1


@pytest.mark.parametrize("since", range(6))
def test_motion_is_not_looked_for_where_the_network_sees_the_frame(since: int) -> None:
    seen = [texture(SIZE, seed)[..., None] for seed in (1, 2)]
    looked = []

    def motion(last: Pixels, now: Pixels) -> Motion:
        looked.append(now)
        return _motion(np.ones(CELLS, np.bool_))

    detector = ChangeDetector(HALO, True, motion, every=3)
    detector((frame_of([seen[1][..., 0]], GRAY), seen[1], seen[0], since))
    assert len(looked) == (since % 3 > 0)


@pytest.mark.parametrize("index", [1, 2])
def test_unchanged_cells_win_over_network_and_motion(index: int) -> None:
    unchanged = np.arange(9).reshape(CELLS) < 4
    changes = _moving(3)
    everywhere = np.ones(CELLS, np.bool_)
    changes[index] = _change(index, unchanged, everywhere)
    plan = list(planned(changes, every_nth(2)))[index]
    rest = Fill.MOVED if index == 1 else Fill.NETWORK
    np.testing.assert_array_equal(plan.fills, np.where(unchanged, Fill.REUSED, rest))


def test_the_first_frame_is_for_the_network() -> None:
    (plan,) = planned([_change(0)], every_nth(4))
    assert _of_one_kind(plan) is Fill.NETWORK
    assert plan.motion is None


def test_nothing_plans_the_base() -> None:
    everywhere = np.ones(CELLS, np.bool_)
    changes = [_change(0), _change(1, unchanged=everywhere)]
    for plan in planned(changes, nothing):
        assert _of_one_kind(plan) is Fill.BASE


def test_plans_come_as_sights_do() -> None:
    taken = []

    def changes() -> Iterable[FrameChange]:
        for change in _moving(3):
            taken.append(change.frame.index)
            yield change

    for plan in planned(changes(), every_nth(2)):
        assert taken[-1] == plan.frame.index


def _pair(last: Pixels | None, seen: Pixels) -> Pair:
    return frame_of([seen[..., 0]], GRAY, index=1), seen, last, 1


def _unwanted(last: Pixels, seen: Pixels) -> Motion:
    raise AssertionError("nobody needs the motion")


def test_the_first_frame_is_compared_with_nothing() -> None:
    seen = texture(SIZE)[..., None]
    change = ChangeDetector(HALO, True, _unwanted)(_pair(None, seen))
    assert not change.unchanged.any()
    assert change.motion is None
    assert change.cut


def test_a_still_picture_needs_no_motion() -> None:
    seen = texture(SIZE)[..., None]
    change = ChangeDetector(HALO, True, _unwanted)(_pair(seen, seen.copy()))
    assert change.unchanged.all()
    assert change.motion is None


def test_what_moves_is_given_its_motion() -> None:
    seen = texture(SIZE)[..., None]
    last = seen.copy()
    last[0, 0] ^= 1
    found = _motion(np.ones(CELLS, np.bool_), cut=True)
    pairs = []

    def analyse(before: Pixels, now: Pixels) -> Motion:
        pairs.append((before, now))
        return found

    change = ChangeDetector(HALO, True, analyse)(_pair(last, seen))
    assert change.motion is found
    assert change.cut
    assert pairs[0][0] is last
    assert pairs[0][1] is seen
    assert np.count_nonzero(change.unchanged) == 8


def test_without_reuse_nothing_counts_as_unchanged() -> None:
    seen = texture(SIZE)[..., None]
    change = ChangeDetector(HALO, False, None)(_pair(seen, seen))
    assert not change.unchanged.any()


def test_a_frame_of_another_size_is_compared_with_nothing() -> None:
    last = texture(Size(70, 50))[..., None]
    change = ChangeDetector(HALO, True, _unwanted)(
        _pair(last, texture(SIZE)[..., None])
    )
    assert not change.unchanged.any()
    assert change.motion is None


def moving(explained: Mask, seen: Pixels, unchanged: Mask | None = None) -> FrameChange:
    """A change in mid-film, with motion that explains these cells."""
    still = np.zeros(explained.shape, np.bool_) if unchanged is None else unchanged
    return FrameChange(frame_of([seen[..., 0]], GRAY), seen, still, _motion(explained))


def rationed_seen() -> Pixels:
    """Detail in the first row of cells, hardly any below."""
    seen = texture(SIZE)
    seen[CELL:] //= 64
    return seen[..., None]


def test_a_ration_goes_where_there_is_detail() -> None:
    explained = np.ones(CELLS, np.bool_)
    fills = Rationed(2)(moving(explained, rationed_seen()), 1)
    assert (fills[0, :2] == Fill.NETWORK).all()
    assert (fills == Fill.MOVED).sum() == explained.sum() - 2


def test_neighbours_share_a_ration() -> None:
    seen, explained = texture(SIZE)[..., None], np.ones(CELLS, np.bool_)
    seen[CELL : 2 * CELL] //= 64  # the cells of the first row have the most detail
    fills = Rationed(4)(moving(explained, seen), 1)
    assert (fills[:2, :2] == Fill.NETWORK).all()
    assert (fills == Fill.NETWORK).sum() == 4


def test_a_ration_goes_round() -> None:
    rule, explained = Rationed(2), np.ones(CELLS, np.bool_)
    seen = np.zeros(CELLS, np.bool_)
    for _ in range(20):
        seen |= rule(moving(explained, rationed_seen()), 1) == Fill.NETWORK
    assert seen.all()


def test_without_a_ration_cells_are_moved_or_plain() -> None:
    explained = np.ones(CELLS, np.bool_)
    explained[1, 1] = False
    fills = Rationed(0)(moving(explained, rationed_seen()), 1)
    assert fills[1, 1] == Fill.BASE
    assert (fills == Fill.MOVED).sum() == explained.sum()


def test_a_still_picture_is_completed_and_then_left_alone() -> None:
    rule, explained = Rationed(2), np.zeros(CELLS, np.bool_)
    still = np.ones(CELLS, np.bool_)
    rule(moving(explained, rationed_seen()), 1)
    for _ in range(4):
        rule(moving(explained, rationed_seen(), still), 1)
    assert (rule(moving(explained, rationed_seen(), still), 1) == Fill.REUSED).all()


def test_after_a_cut_nothing_is_known() -> None:
    rule, seen = Rationed(1), rationed_seen()
    first = FrameChange(
        frame_of([seen[..., 0]], GRAY),
        seen,
        np.zeros(CELLS, np.bool_),
        None,
        first=True,
    )
    fills = rule(first, 0)
    assert (fills == Fill.NETWORK).sum() == 1
    assert (fills == Fill.BASE).sum() == fills.size - 1
    assert rule.ages[fills == Fill.NETWORK] == 0


def test_detail_is_the_step_from_pixel_to_pixel() -> None:
    seen = np.zeros((CELL, 2 * CELL, 1), np.uint8)
    seen[:, 1:CELL:2] = 8
    left, right = detail(seen)[0]
    assert left == pytest.approx(8)
    assert right == 0

"""How pictures come into a box."""

from fractions import Fraction

import pytest

from videnhance.errors import UsageError
from videnhance.frame.geometry import Box, Fit, Region, Size, box_of
from videnhance.pipeline.output_size import Target, planned_size


def _planned(
    source: Size,
    wanted: str,
    fit: Fit = Fit.INSIDE,
    aspect: Fraction | None = None,
    turn: int = 0,
) -> Target:
    return planned_size(source, aspect, rotation_degrees=turn, box=box_of(wanted, fit))


@pytest.mark.parametrize(
    ("source", "wanted", "size", "scale"),
    [
        (Size(1280, 720), "1080p", Size(1920, 1080), 2),
        (Size(640, 360), "4k", Size(3840, 2160), 4),
        (Size(320, 180), "4k", Size(3840, 2160), 4),
        (Size(640, 360), "720p", Size(1280, 720), 2),
        (Size(1280, 720), "480p", Size(854, 480), 1),
        (Size(3840, 2160), "1080p", Size(1920, 1080), 1),
        (Size(1920, 804), "1080p", Size(1920, 804), 1),
        (Size(1900, 1068), "1080p", Size(1920, 1080), 1),
        (Size(640, 480), "1080p", Size(1440, 1080), 4),
        (Size(426, 240), "480p", Size(852, 480), 2),
        (Size(1280, 720), "641x", Size(640, 360), 1),
        (Size(1280, 720), "x333", Size(590, 332), 1),
        (Size(333, 251), "1000x1000", Size(1000, 754), 4),
    ],
)
def test_inside_takes_the_least_scale(
    source: Size, wanted: str, size: Size, scale: int
) -> None:
    target = _planned(source, wanted)
    assert (target.size, target.scale) == (size, scale)
    assert target.crop == Region.of(source.scaled(scale))
    assert target.place == Region.of(size)
    assert target.sample_aspect_ratio is None


def test_a_named_box_turns_for_a_portrait_picture_and_an_exact_one_does_not() -> None:
    assert _planned(Size(720, 1280), "1080p").size == Size(1080, 1920)
    assert _planned(Size(720, 1280), "1920x1080").size == Size(608, 1080)


@pytest.mark.parametrize("turn", [90, 270])
def test_a_box_is_meant_as_displayed_after_rotation(turn: int) -> None:
    phone = Size(1280, 720)  # displayed 720x1280
    assert _planned(phone, "1080p", turn=turn).size == Size(1920, 1080)
    assert _planned(phone, "x1080", turn=turn).size == Size(1080, 608)
    box = _planned(phone, "1080x1920", Fit.PAD, turn=turn)
    assert box.size == Size(1920, 1080)
    assert _planned(Size(720, 1280), "1080p", turn=turn).size == Size(1080, 1920)
    assert _planned(phone, "1080p", turn=180).size == Size(1920, 1080)


def test_inside_keeps_the_shape_of_pixels() -> None:
    pal, aspect = Size(720, 576), Fraction(64, 45)
    target = _planned(pal, "1080p", aspect=aspect)
    assert target.size == Size(1350, 1080)
    assert target.sample_aspect_ratio == aspect
    assert target.size.width * aspect == 1920
    ntsc = _planned(Size(720, 480), "1080p", aspect=Fraction(8, 9))
    assert ntsc.size == Size(1620, 1080)
    # Of a picture that is turned, the shape of stored pixels stays as it is.
    turned = _planned(pal, "1080p", aspect=aspect, turn=90)
    assert turned.size == Size(1350, 1080)


@pytest.mark.parametrize("fit", [Fit.COVER, Fit.PAD, Fit.STRETCH])
def test_the_other_fits_give_the_box_in_square_pixels(fit: Fit) -> None:
    target = _planned(Size(720, 576), "1280x720", fit, aspect=Fraction(16, 15))
    assert target.size == Size(1280, 720)
    assert target.sample_aspect_ratio == 1
    assert _planned(Size(720, 576), "1280x720", fit).sample_aspect_ratio is None


def test_a_shape_that_rounding_changes_visibly_is_corrected() -> None:
    target = _planned(Size(97, 40), "16x16")
    assert target.size == Size(16, 6)
    assert target.sample_aspect_ratio is not None
    shown = target.size.width * target.sample_aspect_ratio / target.size.height
    assert abs(shown / Fraction(97, 40) - 1) < Fraction(1, 200)


@pytest.mark.parametrize("width", range(31, 59, 3))
@pytest.mark.parametrize("wanted", ["64x48", "40x", "x38", "96x480"])
@pytest.mark.parametrize("aspect", [None, Fraction(16, 15), Fraction(10, 11)])
def test_inside_is_even_and_never_larger_than_the_box(
    width: int, wanted: str, aspect: Fraction | None
) -> None:
    source, box = Size(width, 37), box_of(wanted, Fit.INSIDE)
    target = planned_size(source, aspect, rotation_degrees=0, box=box)
    size, shape = target.size, target.sample_aspect_ratio or Fraction(1)
    assert size.width % 2 == size.height % 2 == 0
    assert box.height is None or size.height <= box.height
    limit = None if box.width is None else box.width / (aspect or 1)
    assert limit is None or size.width <= limit
    shown = Fraction(source.width, source.height) * (aspect or 1)
    assert abs(size.width * shape / size.height / shown - 1) <= Fraction(1, 199)


def test_without_subsampling_odd_sides_stay() -> None:
    box = box_of("641x", Fit.INSIDE)
    target = planned_size(
        Size(1280, 720), None, rotation_degrees=0, box=box, chroma_shift=(0, 0)
    )
    assert target.size == Size(641, 361)


def test_an_exact_box_that_cuts_a_chroma_sample_is_refused() -> None:
    with pytest.raises(UsageError, match="multiples"):
        _planned(Size(64, 48), "641x360", Fit.PAD)
    box = Box("641x360", 641, 360, Fit.PAD)
    assert planned_size(
        Size(64, 48), None, rotation_degrees=0, box=box, chroma_shift=(0, 0)
    ).size == Size(641, 360)


def test_pad_puts_the_whole_picture_in_the_middle() -> None:
    target = _planned(Size(640, 480), "1080p", Fit.PAD)
    assert target.size == Size(1920, 1080)
    assert target.place == Region(240, 0, 1440, 1080)
    assert target.crop == Region(0, 0, 2560, 1920)
    wide = _planned(Size(640, 270), "1280x720", Fit.PAD)
    assert wide.place == Region(0, 90, 1280, 540)


def test_cover_cuts_the_middle_out_of_the_enlarged_frame() -> None:
    target = _planned(Size(640, 480), "1280x720", Fit.COVER)
    assert target.scale == 2
    assert target.crop == Region(0, 120, 1280, 720)
    assert target.place == Region(0, 0, 1280, 720)
    upright = _planned(Size(1280, 720), "1080x1920", Fit.COVER)
    assert upright.scale == 4
    assert upright.crop == Region(1750, 0, 1620, 2880)


def test_stretch_uses_everything() -> None:
    target = _planned(Size(640, 480), "1000x200", Fit.STRETCH)
    assert target == Target(
        Size(640, 480),
        2,
        Region(0, 0, 1280, 960),
        Region(0, 0, 1000, 200),
        Size(1000, 200),
        None,
    )


@pytest.mark.parametrize("fit", list(Fit))
@pytest.mark.parametrize("source", [Size(31, 47), Size(64, 48), Size(129, 33)])
@pytest.mark.parametrize("wanted", ["64x48", "32x64", "100x30"])
def test_regions_stay_inside_and_start_on_chroma_samples(
    fit: Fit, source: Size, wanted: str
) -> None:
    target = _planned(source, wanted, fit, aspect=Fraction(12, 11))
    for region, whole in (
        (target.crop, source.scaled(target.scale)),
        (target.place, target.size),
    ):
        assert region.x % 2 == region.y % 2 == 0
        assert region.right <= whole.width
        assert region.bottom <= whole.height


def test_a_free_side_that_grows_too_long_is_refused() -> None:
    with pytest.raises(UsageError, match="16384"):
        _planned(Size(2000, 20), "x720")


def test_bars_of_a_pixel_or_two_are_not_worth_it() -> None:
    target = _planned(Size(426, 240), "480p", Fit.PAD)
    assert target.place == Region(0, 0, 854, 480)
    assert not _planned(Size(427, 240), "480p", Fit.PAD).resizes
    assert target.resizes

"""The verdict on an adapted network; the run itself is in test_training_train."""

import pytest

from videnhance.training.finetune import Difference


@pytest.mark.parametrize(
    ("after", "better"), [(33.5, True), (33.02, True), (33.01, False), (32.9, False)]
)
def test_less_than_another_seed_would_change_is_not_better(
    after: float, better: bool
) -> None:
    found = Difference(base=31.0, before=33.0, after=after, samples=8)
    assert found.is_better is better
    assert found.lines()[2] == "  before  33.000 dB (+2.000)"

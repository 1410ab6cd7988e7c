"""The digest of what a user chose: what shows in the output, and nothing else."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.models import write_model
from tests.trees import job_for
from videnhance.batch.options_digest import options_digest
from videnhance.conversion.job import Job, Resources
from videnhance.errors import ModelError
from videnhance.media.source import Span
from videnhance.models.runtime import Choice

JOB = job_for(Path("a.mp4"), Path("b.mp4"))


def _network(job: Job, choice: Choice) -> Job:
    return replace(job, settings=replace(job.settings, strength=1.0), choice=choice)


@pytest.mark.parametrize(
    "job",
    [
        replace(JOB, encoding=replace(JOB.encoding, crf=20)),
        replace(JOB, encoding=replace(JOB.encoding, audio=False)),
        replace(JOB, encoding=replace(JOB.encoding, options={"tune": "film"})),
        replace(JOB, settings=replace(JOB.settings, skip=2)),
        replace(JOB, span=Span(1.0)),
        replace(JOB, rate=Fraction(30)),
        _network(JOB, Choice()),
    ],
)
def test_what_shows_is_in_it(job: Job) -> None:
    assert options_digest(job) != options_digest(JOB)


@pytest.mark.parametrize(
    "job",
    [
        job_for(Path("other.mp4"), Path("elsewhere.mp4")),
        replace(JOB, settings=replace(JOB.settings, workers=5)),
        replace(JOB, resources=Resources(nice=True)),
        replace(JOB, encoding=replace(JOB.encoding, stamp="x")),
        replace(JOB, overwrite=True, notices=("said",)),
        replace(JOB, choice=Choice(model="nosuch")),
    ],
)
def test_what_does_not_show_is_not(job: Job) -> None:
    assert options_digest(job) == options_digest(JOB)


def test_a_model_counts_by_its_content(tmp_path: Path) -> None:
    first = write_model(tmp_path / "a", name="one")
    found = {options_digest(_network(JOB, Choice(model=str(first))))}
    for file in (tmp_path / "a").iterdir():
        file.rename(tmp_path / file.name)
    found.add(options_digest(_network(JOB, Choice(model=str(tmp_path / first.name)))))
    assert len(found) == 1
    assert options_digest(_network(JOB, Choice())) not in found


def test_a_model_that_is_not_there_is_said() -> None:
    with pytest.raises(ModelError, match="nosuch"):
        options_digest(_network(JOB, Choice(model="nosuch")))

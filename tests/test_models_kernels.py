"""What the kernels of a processor make of the shipped int8 networks.

Sums are exact everywhere: weights leave room. What is left to the processor is which
way a sum is rounded that lies in the middle between two codes.
"""

import json
import os
import platform
import subprocess
import sys

import pytest

from tests.exact import Found
from tests.sources import ROOT
from videnhance.conversion.fingerprint import arithmetic_of
from videnhance.models.card import card_names
from videnhance.models.choice import Choice
from videnhance.models.program import WEIGHT_MAX
from videnhance.models.runtime import load

X86 = {"amd64", "i386", "i686", "x86_64"}
ISAS = ("", "AVX512_CORE", "AVX2")
"""Upper bounds of what oneDNN takes; the first is none. A processor without AVX-512 has
the same kernels for all."""

pytestmark = pytest.mark.skipif(
    platform.machine().lower() not in X86,
    reason=f"{platform.machine()} is no x86: its kernels sum in 32 bits",
)


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Found]]:
    """By instruction set and model, each set in a process of its own."""
    running = {}
    for isa in ISAS:
        limits = {"ONEDNN_MAX_CPU_ISA": isa} if isa else {}
        running[isa] = subprocess.Popen(
            [sys.executable, "-m", "tests.exact"],
            cwd=ROOT,
            env={**os.environ, **limits},
            stdout=subprocess.PIPE,
        )
    lines = {isa: process.communicate()[0] for isa, process in running.items()}
    assert {process.returncode for process in running.values()} == {0}
    every = {isa: map(json.loads, text.splitlines()) for isa, text in lines.items()}
    return {isa: {f["model"]: Found(**f) for f in all_} for isa, all_ in every.items()}


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("model", card_names())
def test_each_layer_of_a_shipped_model_rounds_the_exact_sum(
    found: dict[str, dict[str, Found]], isa: str, model: str
) -> None:
    seen = found[isa][model]
    assert seen.largest_weight in (WEIGHT_MAX, WEIGHT_MAX + 1)
    assert seen.layer_codes <= 1
    assert seen.from_middle < 1e-4  # what single precision leaves open


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("model", card_names())
def test_roundings_hardly_add_up_on_films(
    found: dict[str, dict[str, Found]], isa: str, model: str
) -> None:
    assert found[isa][model].film_codes <= 2
    # More of the sums of `drawn` lie in the middle between two codes.
    assert found[isa][model].film_share < (0.1 if model == "drawn" else 0.01)


def test_sums_that_saturate_would_be_seen(found: dict[str, dict[str, Found]]) -> None:
    assert found["AVX2"]["too wide"].layer_codes > 50


@pytest.mark.parametrize("model", card_names())
def test_kernels_of_one_name_give_the_same_codes(
    found: dict[str, dict[str, Found]], model: str
) -> None:
    own, *others = (found[isa][model] for isa in ISAS)
    assert arithmetic_of(load(Choice(model, "int8", "cpu"))) == own.arithmetic
    alike = [other for other in others if other.arithmetic == own.arithmetic]
    assert {other.codes for other in alike} <= {own.codes}

"""Our policy evaluator agrees with an independent one; iam_simulate/README.md says how its answers were recorded."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.iam_simulate.cases import Case
from tests.unit.iam_simulate.generator import cases, digest

RECORDED = json.loads((Path(__file__).parent / "iam_simulate" / "answers.json").read_text())
ANSWERS = "".join(RECORDED["answers"])


@pytest.fixture(scope="module")
def requests() -> list[Case]:
    return list(cases())


def test_the_recorded_answers_are_answers_to_these_requests(requests: list[Case]) -> None:
    assert digest(requests) == RECORDED["requests"], "requests changed: record anew, see iam_simulate/README.md"
    assert len(requests) == len(ANSWERS)


def test_the_requests_are_many_and_no_answer_is_rare() -> None:
    assert len(ANSWERS) >= 500
    assert min(Counter(ANSWERS)[answer] for answer in "ADI") > len(ANSWERS) / 8


def test_our_evaluator_gives_the_same_answers(requests: list[Case]) -> None:
    differing = [
        f"{case.shape}: recorded {theirs}, ours {ours}: {json.dumps(case.simulation())}"
        for case, theirs in zip(requests, ANSWERS, strict=True)
        if (ours := case.our_answer()) != theirs
    ]
    assert not differing, f"{len(differing)} of {len(ANSWERS)} differ, the first: {differing[0]}"

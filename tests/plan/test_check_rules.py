"""The table of rules: each is planted in a test, and says what it is for."""

from pathlib import Path

import pytest
from tests.plan.test_check_plan import PLANTED
from tests.plan.test_check_use import FOUND

from ferryman.operations.pipelines import calls
from ferryman.plan.review import RULES
from ferryman.plan.review.check_names import SAID_OTHERWISE

ELSEWHERE = {
    "mixed-styles": "needs a foreign plan",
    "field-description-missing": "is off",
    "unused-event": "needs code without a use",
    "unreadable-file": "needs a file that is no Python",
}
"""Rules that have tests of their own, and why no row of a table."""


def test_every_rule_is_planted() -> None:
    """A new rule needs a row that breaks it."""
    planted = {row[0] for row in PLANTED} | {rule for row in FOUND for rule in row[0].split()}

    assert planted | set(ELSEWHERE) == set(RULES)
    assert not planted & set(ELSEWHERE)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_explains_itself(name: str) -> None:
    """Each says what it finds, why, and what to do, in words without an end stop."""
    rule = RULES[name]

    for said in (rule.finds, rule.why, rule.advice):
        assert said
        assert not said.endswith(".")


def test_pipelines_names_are_those_of_the_operations() -> None:
    """The table that a lower room repeats does not drift."""
    assert set(calls.SAID_OTHERWISE) == SAID_OTHERWISE


def test_every_rule_is_documented(root: Path) -> None:
    """The page for users names each rule."""
    page = (root / "docs" / "plan" / "check.md").read_text()

    assert [name for name in RULES if f"`{name}`" not in page] == []

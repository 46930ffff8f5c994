"""Rules are read top down; the first that matches ends it, and every rule before it says why it did not."""

from __future__ import annotations

from freeradius_mdm.policy.evaluate import RuleResult, evaluate
from freeradius_mdm.policy.model import Condition, Operator, Rule


def equals(attribute: str, *operands: str, negated: bool = False) -> Condition:
    return Condition(attribute, Operator.EQUALS, operands, negated)


COMPLIANT = Rule("Compliant", (equals("C", "Compliant"), equals("R", "Reachable")), "P")
NOT_VPN = Rule("Not VPN", (equals("K", "vpn", negated=True),), "Q")
EITHER = Rule("Either", (), "S", any=((equals("A", "1"), equals("B", "1")), (equals("A", "2"),)))


def test_first_match_wins_and_ends_it() -> None:
    rules = (COMPLIANT, NOT_VPN, EITHER)
    assert evaluate(rules, {"C": ["Compliant"], "R": ["Reachable"], "K": ["wired"]}) == (
        RuleResult(COMPLIANT, True, "every condition holds"),
    )
    assert evaluate(rules, {"C": ["Compliant"], "R": ["UnReachable"], "K": ["wired"]}) == (
        RuleResult(COMPLIANT, False, "R is UnReachable, wanted equals Reachable"),
        RuleResult(NOT_VPN, True, "every condition holds"),
    )


def test_no_rule_matches() -> None:
    assert evaluate((COMPLIANT, NOT_VPN, EITHER), {"K": ["vpn"], "A": ["1"]}) == (
        RuleResult(COMPLIANT, False, "C is absent, wanted equals Compliant"),
        RuleResult(NOT_VPN, False, "K is vpn, wanted not equals vpn"),
        RuleResult(EITHER, False, "none of the 2 groups of `any` holds"),
    )
    assert evaluate((), {}) == ()


def test_any_needs_all_of_one_group() -> None:
    assert evaluate((EITHER,), {"A": ["1"], "B": ["1"]})[0].matched
    assert evaluate((EITHER,), {"A": ["2"]})[0].matched
    assert not evaluate((EITHER,), {"A": ["1"]})[0].matched
    both = Rule("Both", (equals("C", "Compliant"),), "S", any=EITHER.any)
    assert not evaluate((both,), {"A": ["2"]})[0].matched
    assert evaluate((both,), {"A": ["2"], "C": ["Compliant"]})[0].matched


def test_an_absent_attribute_never_lets_a_rule_match() -> None:
    assert not evaluate((NOT_VPN,), {})[0].matched
    assert not evaluate((NOT_VPN,), {"K": []})[0].matched


def test_long_values_are_cut_in_the_record() -> None:
    (result,) = evaluate((COMPLIANT,), {"C": ["x" * 1000]})
    assert result.why == f"C is {'x' * 80}, wanted equals Compliant"

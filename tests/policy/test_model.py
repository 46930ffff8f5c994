"""Conditions: any value against any operand, and false for what is absent, negated too."""

from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.policy.model import Condition, Operator


def condition(operator: Operator, *operands: str, negated: bool = False) -> Condition:
    networks = tuple(map(ipaddress.ip_network, operands)) if operator is Operator.CIDR else ()
    expressions = tuple(map(re.compile, operands)) if operator is Operator.REGEX else ()
    ordered = operator in (Operator.AT_LEAST, Operator.AT_MOST)
    numbers = tuple(map(float, operands)) if ordered else ()
    return Condition("Radius:X", operator, operands, negated, networks, expressions, numbers)


@pytest.mark.parametrize(
    ("operator", "operands", "values", "holds"),
    [
        # Equality, case counts; any of several.
        (Operator.EQUALS, ["a"], ["a"], True),
        (Operator.EQUALS, ["a"], ["A"], False),
        (Operator.EQUALS, ["a", "b"], ["b"], True),
        (Operator.EQUALS, ["b"], ["a", "b"], True),
        (Operator.EQUALS, ["a"], ["ab"], False),
        # Prefix.
        (Operator.PREFIX, ["host/"], ["host/laptop"], True),
        (Operator.PREFIX, ["host/", "svc/"], ["svc/1"], True),
        (Operator.PREFIX, ["host/"], ["xhost/"], False),
        # A regular expression has to match the whole value.
        (Operator.REGEX, ["Gi.*/1"], ["Gi1/0/1"], True),
        (Operator.REGEX, ["Gi"], ["Gi1/0/1"], False),
        (Operator.REGEX, ["a|b"], ["ab"], False),
        (Operator.REGEX, ["corp"], ["corp\n"], False),
        # Networks.
        (Operator.CIDR, ["10.0.0.0/8"], ["10.1.2.3"], True),
        (Operator.CIDR, ["10.0.0.0/8"], ["11.1.2.3"], False),
        (Operator.CIDR, ["10.0.0.0/8", "2001:db8::/32"], ["2001:db8::1"], True),
        (Operator.CIDR, ["10.0.0.0/8"], ["2001:db8::1"], False),
        (Operator.CIDR, ["0.0.0.0/0"], ["no address"], False),
        # Numbers; what is no number is neither more nor less.
        (Operator.AT_LEAST, ["10"], ["10"], True),
        (Operator.AT_LEAST, ["10"], ["9"], False),
        (Operator.AT_MOST, ["10"], ["10"], True),
        (Operator.AT_MOST, ["10"], ["10.5"], False),
        (Operator.AT_LEAST, ["0"], ["many"], False),
        (Operator.AT_MOST, ["0"], ["nan"], False),
    ],
)
def test_holds(operator: Operator, operands: list[str], values: list[str], holds: bool) -> None:
    assert condition(operator, *operands).holds(values) is holds
    assert condition(operator, *operands, negated=True).holds(values) is not holds


OPERANDS = {Operator.CIDR: "10.0.0.0/8", Operator.REGEX: ".*", Operator.AT_LEAST: "0", Operator.AT_MOST: "0"}


@given(st.sampled_from(Operator), st.booleans())
def test_a_comparison_with_an_absent_attribute_is_false_under_negation_too(operator: Operator, negated: bool) -> None:
    assert not condition(operator, OPERANDS.get(operator, "x"), negated=negated).holds(())


@given(st.sampled_from(Operator), st.lists(st.text(max_size=8), min_size=1, max_size=3))
def test_negation_of_what_is_there_is_the_opposite(operator: Operator, values: list[str]) -> None:
    operand = OPERANDS.get(operator, "x")
    plain, negated = condition(operator, operand), condition(operator, operand, negated=True)
    assert plain.holds(values) is not negated.holds(values)


def test_written_out_for_the_record() -> None:
    assert str(condition(Operator.EQUALS, "a", "b", negated=True)) == "Radius:X not equals a or b"

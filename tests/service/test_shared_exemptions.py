"""Exemptions with several real mdmds: what an operator does at one node counts at the other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.config.reader import load
from freeradius_mdm.exemption import Exemption
from freeradius_mdm.operations.control import Control
from freeradius_mdm.service.shared_exemptions import decode, encode
from tests.store.samples import key

from .fakes import until_now
from .sharing_nodes import Node, Nodes

NOW = 1_700_000_000.0
ONE = Exemption("00000000000a", key(1), "Employee", 'al"ice', "ordered, Ümläut", NOW, NOW + 3600.5)
ENDED = replace(ONE, ended_at=NOW + 60, ended_by="bob", end_reason="device replaced")


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    made = Nodes(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.end()


def control(node: Node) -> Control:
    until_now((node.state / "control.sock").exists)
    return Control(load(node.config).service)


def exemptions(node: Node) -> dict[str, str]:
    """State by id."""
    found: list[dict[str, Any]] = node.get("/v1/exemptions?all=true")["exemptions"]
    return {each["id"]: each["state"] for each in found}


def test_made_here_ended_there(nodes: Nodes) -> None:
    until = time.time() + 3600
    made = control(nodes.one).exempt(key(1), "deny", until, "stolen")
    until_now(lambda: exemptions(nodes.two) == {made["id"]: "in force"})
    there = nodes.two.get("/v1/exemptions")["exemptions"][0]
    assert there == {name: made[name] for name in there}
    control(nodes.two).end_exemption(made["id"], "found again")
    until_now(lambda: exemptions(nodes.one) == {made["id"]: "ended"})


def test_both_sides_of_an_outage(nodes: Nodes) -> None:
    """One is ended on one side and another one made on the other, while Redis is away; it comes back empty."""
    until = time.time() + 3600
    first = control(nodes.one).exempt(key(1), "deny", until, "stolen")
    until_now(lambda: exemptions(nodes.two) == {first["id"]: "in force"})
    nodes.redis.end()
    for node in (nodes.one, nodes.two):
        until_now(lambda node=node: node.cluster()["mode"] == "cut_off")
    control(nodes.one).end_exemption(first["id"], "found again")
    second = control(nodes.two).exempt(key(2), "deny", until, "stolen")
    assert exemptions(nodes.two)[first["id"]] == "in force"
    nodes.redis.start()
    nodes.joined()
    both = {first["id"]: "ended", second["id"]: "in force"}
    for node in (nodes.one, nodes.two):
        until_now(lambda node=node: exemptions(node) == both)


def test_a_node_that_lost_its_store_is_told(nodes: Nodes) -> None:
    made = control(nodes.one).exempt(key(1), "deny", time.time() + 3600, "stolen")
    until_now(lambda: exemptions(nodes.two) == {made["id"]: "in force"})
    nodes.two.kill()
    for file in nodes.two.state.glob("store.sqlite*"):
        file.unlink()
    nodes.start_one(nodes.two)
    until_now(lambda: exemptions(nodes.two) == {made["id"]: "in force"})


@pytest.mark.parametrize("exemption", [ONE, ENDED])
def test_goes_round(exemption: Exemption) -> None:
    assert decode(encode(exemption)) == exemption
    assert decode(json.dumps(json.loads(encode(exemption)) | {"of_a_later_version": 1})) == exemption


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        encode(ONE).replace('"until"', '"till"'),
        encode(ONE).replace("intune", "serial"),
        encode(ONE).replace("1700003600.5", "1e12"),
        encode(ONE).replace("1700003600.5", "NaN"),
        encode(ONE).replace("00000000000a", "x"),
        encode(ONE).replace("ordered", "\\n"),
    ],
)
def test_what_is_none_is_not_believed(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text)

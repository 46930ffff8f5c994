"""When which session's turn is: no device holds up another."""

from __future__ import annotations

from freeradius_mdm.service.coa_agenda import Agenda


def test_what_is_due_in_its_order_and_never_before() -> None:
    agenda = Agenda(each=10)
    for name, due in (("b", 20.0), ("a", 10.0), ("c", 30.0)):
        agenda.put(name, "nas", due)
    assert agenda.next_at() == 10.0
    assert agenda.take(9.9) == []
    assert agenda.take(20.0) == ["a", "b"]
    assert agenda.take(25.0) == []
    assert agenda.next_at() == 30.0


def test_the_latest_word_counts() -> None:
    agenda = Agenda(each=10)
    agenda.put("a", "nas", 10.0)
    agenda.put("a", "nas", 50.0)
    agenda.put("b", "nas", 50.0)
    agenda.put("b", "nas", 10.0)
    agenda.put("c", "nas", 10.0)
    agenda.drop("c")
    assert agenda.take(20.0) == ["b"]
    assert agenda.take(60.0) == ["a"]


def test_each_device_has_so_many_in_hand() -> None:
    agenda = Agenda(each=2)
    for number in range(5):
        agenda.put(f"slow{number}", "slow", 1.0)
    agenda.put("other", "fast", 2.0)
    assert sorted(agenda.take(5.0)) == ["other", "slow0", "slow1"]
    assert agenda.take(5.0) == []
    agenda.done("slow")
    assert agenda.take(5.0) == ["slow2"]


def test_one_that_is_dropped_or_put_off_while_it_waits_is_not_taken() -> None:
    agenda = Agenda(each=1)
    for name in "abc":
        agenda.put(name, "nas", 1.0)
    assert agenda.take(5.0) == ["a"]
    agenda.drop("b")
    agenda.put("c", "nas", 99.0)
    agenda.done("nas")
    assert agenda.take(5.0) == []
    assert agenda.take(99.0) == ["c"]


def test_the_devices_take_turns() -> None:
    agenda = Agenda(each=5, most=5)
    for number in range(8):
        agenda.put(f"a{number}", "a", 1.0)
        agenda.put(f"b{number}", "b", 1.0)
    first = agenda.take(1.0)
    assert len(first) == 5
    for name in first:
        agenda.done(name[0])
    assert {name[0] for name in first + agenda.take(1.0)} == {"a", "b"}

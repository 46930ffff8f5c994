"""The whole client against the simulated Microsoft: answers, and every status of section 6."""

import logging
import threading
from dataclasses import replace
from typing import Any

import pytest

from freeradius_mdm.compliance import (
    UNREGISTERED_ANSWER,
    Compliance,
    ComplianceAnswer,
    ComplianceSource,
    EndpointKey,
    IdKind,
    Managed,
    Registration,
)
from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.clouds import CLOUDS

from .bench import (
    CLIENT,
    CRS_HOST,
    DEVICE,
    GRAPH_HOST,
    MAC,
    TENANT,
    Bench,
    FakeClock,
    by_guid,
    by_mac,
    refusal,
    wait_until,
)

OTHER_DEVICE = "6b1f0000-0000-4000-8000-000000000001"
MOVED_HOST = "fef.msua08.manage.microsoft.com"
YES = ComplianceAnswer(Registration.REGISTERED, Compliance.COMPLIANT, Managed.TRUE)
NO = replace(YES, compliance=Compliance.NONCOMPLIANT)
NO_STATUS = replace(YES, compliance=Compliance.UNKNOWN)


class TestAnswers:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"compliant": True}, YES),
            ({"compliant": False}, NO),
            ({"compliant": None}, NO_STATUS),
            ({"registered": False}, UNREGISTERED_ANSWER),
        ],
    )
    def test_by_device_id(self, bench: Bench, values: dict[str, Any], expected: ComplianceAnswer) -> None:
        bench.sim.set_device(DEVICE, **values)
        assert bench.source().lookup(by_guid()) == expected

    @pytest.mark.parametrize("shape", ["beside", "instead", "guid-only"])
    def test_by_mac(self, bench: Bench, shape: str) -> None:
        bench.sim.change_settings(mac_answer=shape)
        answer = bench.source().lookup(by_mac())
        assert (answer.registration, answer.compliance) == (Registration.REGISTERED, Compliance.COMPLIANT)
        assert set(answer.macs) <= {MAC}

    def test_a_mac_nobody_has(self, bench: Bench) -> None:
        assert bench.source().lookup(by_mac("020000000001")) == UNREGISTERED_ANSWER

    def test_a_docks_mac_counts_for_the_worse_device(self, bench: Bench) -> None:
        bench.sim.set_device(OTHER_DEVICE, compliant=False, macs=[MAC])
        assert bench.source().lookup(by_mac()).compliance is Compliance.NONCOMPLIANT

    @pytest.mark.parametrize(
        "shape", ["unknown-empty", "unknown-nolist", "unknown-nil", "unknown-false", "unknown-404"]
    )
    def test_every_form_of_not_managed(self, bench: Bench, shape: str) -> None:
        bench.sim.fault(shape)
        assert bench.source().lookup(by_guid(OTHER_DEVICE)) == UNREGISTERED_ANSWER

    @pytest.mark.parametrize("dress", ["lowercase-no-ns", "utf16-bom"])
    def test_other_spellings(self, bench: Bench, dress: str) -> None:
        bench.sim.fault(dress)
        source = bench.source()
        assert source.lookup(by_guid()) == YES
        assert source.mdminfo().query_max_size == 100

    def test_no_compliance_is_not_compliant(self, bench: Bench) -> None:
        bench.sim.fault("nil-compliance")
        assert bench.source().lookup(by_guid()) == NO_STATUS

    def test_the_right_one_of_two_devices(self, bench: Bench) -> None:
        bench.sim.set_device(DEVICE, compliant=False)
        bench.sim.fault("two-devices")
        assert bench.source().lookup(by_guid()) == NO

    def test_about_the_server(self, bench: Bench) -> None:
        info = bench.source().mdminfo()
        assert info.redirect_url == "https://portal.manage.microsoft.com/networkaccesscontrol/index"
        assert (info.api_version, info.query_max_size) == (3, 100)

    def test_it_is_a_compliance_source(self, bench: Bench) -> None:
        source: ComplianceSource = bench.source()
        source.warm_up()
        bench.sim.clear_journal()
        assert source.lookup(by_guid()) == YES
        assert bench.sim.counters()["operations"] == {"device": 1}


class TestRefusals:
    def test_an_entra_id_is_no_question_for_crs(self, bench: Bench) -> None:
        error = refusal(bench.source(), EndpointKey("intune", IdKind.ENTRA, DEVICE))
        assert (error.code, error.server_down) == ("M1236", False)
        assert "{{DeviceId}}" in error.advice
        assert bench.sim.counters()["connections"] == {}

    @pytest.mark.parametrize("key", [by_guid(), by_mac()])
    def test_another_device_in_the_answer(self, bench: Bench, key: EndpointKey) -> None:
        bench.sim.fault("wrong-guid")
        error = refusal(bench.source(), key)
        assert (error.code, error.server_down) == ("M1235", False)

    @pytest.mark.parametrize(
        ("fault", "word"),
        [("json-instead", "JSON"), ("html-200", "HTML"), ("dtd-entity", "document type"), ("huge-body", "bytes")],
    )
    def test_something_else_than_an_answer(self, bench: Bench, fault: str, word: str) -> None:
        bench.sim.fault(fault)
        source = bench.source()
        error = refusal(source)
        assert (error.code, error.server_down) == ("M1234", True)
        assert word in error.detail
        with pytest.raises(SourceError, match="M1234"):
            source.warm_up()

    def test_a_refused_token_gets_one_new_one(self, bench: Bench) -> None:
        bench.sim.fault("short-token", seconds="60")
        source = bench.source(FakeClock())
        source.warm_up()
        bench.sim.clear_faults()
        bench.sim.advance(200)  # for the service the token has expired, for us it has not
        assert source.lookup(by_guid()) == YES
        assert [entry.status for entry in bench.sim.journal(operation="device")] == [401, 200]
        assert bench.asked("token") == 3

    def test_a_token_that_is_always_refused(self, bench: Bench) -> None:
        # One slash is another audience; the configuration reader refuses it, and CRS does too.
        clock = FakeClock()
        one_slash = replace(CLOUDS["global"], scope="https://api.manage.microsoft.com/.default")
        source = bench.source(clock, cloud=one_slash)
        error = refusal(source)
        assert (error.code, error.server_down) == ("M1230", True)
        assert "audience of the token: https://api.manage.microsoft.com" in error.detail
        assert "two slashes" in error.advice
        assert bench.asked("device") == 2
        # It does not become a storm of token requests.
        tokens = bench.asked("token")
        assert refusal(source).code == "M1230"
        assert (bench.asked("token"), bench.asked("device")) == (tokens, 3)

    def test_a_role_that_is_missing(self, bench: Bench) -> None:
        bench.sim.change_application(CLIENT, roles=["Application.Read.All"])
        clock = FakeClock()
        source = bench.source(clock)
        error = refusal(source)
        assert error.code == "M1211"
        assert "roles in the token: none" in error.detail
        assert "get_device_compliance" in error.advice
        assert error.retry_after == 60.0
        # Not asked again for a minute, then with a new token: consent may have come.
        bench.sim.change_application(CLIENT, roles=["Application.Read.All", "get_device_compliance"])
        asked = bench.asked("device")
        clock.now += 59
        assert refusal(source).retry_after == pytest.approx(1.0)
        assert bench.asked("device") == asked
        clock.now += 1
        assert source.lookup(by_guid()) == YES

    def test_consent_that_comes_with_the_next_token(self, bench: Bench) -> None:
        clock = FakeClock()
        source = bench.source(clock)
        bench.sim.fault("consent-later", nth=2)  # the first token is for Graph
        assert refusal(source).code == "M1211"
        clock.now += 60
        assert source.lookup(by_guid()) == YES

    def test_a_bad_question_is_not_repeated(self, bench: Bench) -> None:
        # The simulator knows ISE's identifiers only; one of another form is 400 there.
        source = bench.source()
        with pytest.raises(SourceError) as caught:
            source._ask("/cisco/devices/?paging=0&querycriteria=guid&value=no-guid&filter=all", 1 << 20)
        assert (caught.value.code, caught.value.server_down) == ("M1237", False)
        assert bench.asked("device") == 1

    def test_closed(self, bench: Bench) -> None:
        source = bench.source()
        source.close()
        assert (refusal(source).code, refusal(source).server_down) == ("M1239", False)


class TestAheadOfNeed:
    def test_warm_up_asks_everything_once(self, bench: Bench) -> None:
        source = bench.source()
        source.warm_up()
        counted = bench.sim.counters()["operations"]
        assert counted == {"oidc": 1, "token": 2, "endpoints": 1, "mdminfo": 1}
        source.warm_up()
        assert bench.sim.counters()["operations"] == {**counted, "mdminfo": 2}

    def test_a_lookup_renews_the_token_in_the_background(self, bench: Bench) -> None:
        clock = FakeClock()
        source = bench.source(clock)
        source.warm_up()
        clock.now += 2500
        assert source.lookup(by_guid()) == YES
        wait_until(lambda: bench.asked("token") == 3)

    def test_a_lookup_refreshes_the_address_in_the_background(self, bench: Bench) -> None:
        clock = FakeClock()
        source = bench.source(clock)
        source.warm_up()
        clock.now += 86_401
        assert source.lookup(by_guid()) == YES
        wait_until(lambda: bench.asked("endpoints") == 2)

    def test_warm_up_says_what_is_wrong(self, bench: Bench) -> None:
        bench.sim.fault("crs-missing")
        with pytest.raises(SourceError, match="M1220"):
            bench.source().warm_up()

    def test_a_restart_during_an_outage_of_graph(self, bench: Bench) -> None:
        bench.source().warm_up()
        bench.sim.fault("500", host=GRAPH_HOST)
        assert bench.source().lookup(by_guid()) == YES


def test_128_threads_share_one_source(bench: Bench) -> None:
    source = bench.source(max_concurrent=128)
    answers: list[ComplianceAnswer] = []

    def work() -> None:
        for _ in range(5):
            answers.append(source.lookup(by_guid()))

    threads = [threading.Thread(target=work) for _ in range(128)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [YES] * 640
    counters = bench.sim.counters()
    assert (counters["operations"]["token"], counters["operations"]["endpoints"]) == (2, 1)
    assert counters["connections"][CRS_HOST] <= 128


def test_nothing_secret_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        source = bench.source()
        source.warm_up()
        source.lookup(by_guid())
    assert "Bearer" not in caplog.text
    assert "eyJ" not in caplog.text
    assert "PRIVATE KEY" not in caplog.text
    assert TENANT in caplog.text or CRS_HOST in caplog.text

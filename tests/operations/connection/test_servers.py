"""Which servers are tested, and what is said when there is none of that name."""

from __future__ import annotations

import pytest

from .bench import CLIENT, TENANT, Site


@pytest.fixture
def three(site: Site) -> Site:
    """Intune and Second are enabled, Third is not."""
    more = ""
    for name, enabled in (("Second", True), ("Third", False)):
        entry = "\n".join(f"{key} = {value}" for key, value in site.lines(name=name, enabled=enabled).items())
        more += f"\n[[servers]]\n{entry}\n"
    file = site.write(extra=more)
    text = file.read_text(encoding="utf-8").replace("source = ", 'server = "Intune"\nsource = ')
    file.write_text(text, encoding="utf-8")
    return site


def test_every_enabled_server(three: Site) -> None:
    said = three.test()
    assert said.status == 0
    heads = [line for line in said.out.splitlines() if line.startswith("Connection test of")]
    assert heads == ["Connection test of MDM server Intune", "Connection test of MDM server Second"]


def test_one_that_fails_fails_the_whole(three: Site) -> None:
    text = three.file.read_text(encoding="utf-8")
    place = text.index('name = "Second"')
    three.file.write_text(text[:place] + text[place:].replace(CLIENT, CLIENT.replace("a", "9"), 1), encoding="utf-8")
    said = three.test()
    assert said.status == 1
    assert "Intune passed in " in said.out
    assert "Second FAILED at Graph token: M1210" in said.out


def test_a_disabled_server_that_is_named(three: Site) -> None:
    said = three.test("Third")
    assert said.status == 0
    assert any(f"tenant {TENANT}, global cloud, not enabled yet" in rest for _, rest in said.steps)


def test_the_only_server_before_it_is_enabled(site: Site) -> None:
    """Without any enabled server mdm.toml is faulty; it can be tested all the same."""
    site.write(enabled=False)
    assert site.test("Intune").status == 0
    said = site.test()
    assert (said.status, said.failed) == (1, "Configuration")
    assert "no MDM server is enabled" in said.out


def test_a_server_nobody_has(site: Site) -> None:
    said = site.test("Jamf")
    assert said.status == 5
    assert said.err == (
        f"M1806 no MDM server is called 'Jamf'\n  where: {site.file}\n  allowed: Intune\n"
        "  next: mdmctl servers lists them\n"
    )


def test_no_configuration(site: Site) -> None:
    site.file.unlink()
    for arguments in ((), ("Intune",)):
        said = site.test(*arguments)
        assert said.status == 3
        assert said.err.startswith("M1801 there is no configuration file\n")

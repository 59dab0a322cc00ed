"""The name of this computer's zone: from the environment, else from the system; the list of all zones only where it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import pytest

from sessionframe import zones
from sessionframe.errors import OptionError


@pytest.fixture(autouse=True)
def names_anew() -> Iterator[None]:
    zones.names.cache_clear()
    yield
    zones.names.cache_clear()


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> str:
    """A computer in Berlin."""
    monkeypatch.setattr(zones, "found_by_tzlocal", lambda: "Europe/Berlin")
    return "Europe/Berlin"


@pytest.mark.parametrize("value,name", [("America/New_York", "America/New_York"), (":Asia/Tokyo", "Asia/Tokyo"), ("UTC", "UTC")])
def test_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch, system: str, value: str, name: str) -> None:
    monkeypatch.setenv("TZ", value)
    assert zones.zone("local").key == name != system


@pytest.mark.parametrize(
    "value", ["", ":", "/etc/localtime", "posixrules", "posix/Asia/Tokyo", "right/UTC", "CET-1CEST,M3.5.0", "no/where"]
)
def test_what_is_no_name_of_a_zone_is_left_to_the_system(monkeypatch: pytest.MonkeyPatch, system: str, value: str) -> None:
    monkeypatch.setenv("TZ", value)
    assert zones.zone("local").key == system


def test_who_names_no_zone_does_not_list_them_all(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    def listing() -> Any:
        pytest.fail("opened every file of the time zone database")

    monkeypatch.setattr("zoneinfo.available_timezones", listing)
    monkeypatch.delenv("TZ", raising=False)
    assert zones.zone("local").key == system
    assert zones.zone("Asia/Tokyo").key == "Asia/Tokyo"


def test_a_mistyped_name_is_told_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean 'Europe/Berlin'"):
        zones.zone("Europe/Berlim")


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("tz", ["UTC", "Europe/Berlin", "local"])
def test_a_computer_without_a_time_zone_database_says_so(monkeypatch: pytest.MonkeyPatch, tz: str) -> None:
    """As a slim container or a Windows without the package has none."""

    def nothing(name: str) -> Any:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(zones, "ZoneInfo", nothing)
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    with pytest.raises(OptionError, match=r"no time zone database.*pip install tzdata"):
        zones.zone(tz)


@pytest.mark.parametrize("value", ["Mars/Olympus", "/nowhere", "CET-1CEST", "\U0001f600", "../../etc/passwd"])
@pytest.mark.parametrize("is_utc", [True, False])
def test_a_setting_that_means_nothing(monkeypatch: pytest.MonkeyPatch, value: str, is_utc: bool) -> None:
    """UTC where the clock of C says so too, else an error that says what to give: never another zone's days."""
    monkeypatch.setenv("TZ", value)
    monkeypatch.setattr(zones, "found_by_tzlocal", lambda: None)
    monkeypatch.setattr("time.timezone", 0 if is_utc else -3600)
    monkeypatch.setattr("time.daylight", 0)
    if is_utc:
        assert zones.zone("local").key == "UTC"
    else:
        with pytest.raises(OptionError, match="tz='Europe/Berlin'"):
            zones.zone("local")

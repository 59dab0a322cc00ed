"""OpenCode and the programs that were made from it: databases and trees of JSON files -> rows."""

from __future__ import annotations

from sessionframe.providers.contract import Info, Provider
from sessionframe.providers.opencode.info import KILO as KILO_INFO
from sessionframe.providers.opencode.info import OPENCODE as OPENCODE_INFO
from sessionframe.providers.opencode.locations import Place
from sessionframe.providers.opencode.parse import parse
from sessionframe.providers.opencode.sessions import prepare

VERSION = 1
OPENCODE_PLACE = Place("opencode", ("opencode",), "OPENCODE_DB", "OPENCODE_DATA_DIR")
KILO_PLACE = Place("kilo", ("kilo", "opencode"), "KILO_DB", "KILO_DATA_DIR")
"""Kilo goes on with a database of OpenCode that it finds in its own folder."""


def family_member(info: Info, place: Place) -> Provider:
    """The provider of a program that keeps OpenCode's tables in a folder of its own.

    Parameters
    ----------
    info
        What is declared of it.
    place
        How it calls its folder and its database.
    """
    return Provider(info=info, version=VERSION, roots=place.roots, discover=place.discover, parse=parse, prepare=prepare)


PROVIDER = family_member(OPENCODE_INFO, OPENCODE_PLACE)
KILO = family_member(KILO_INFO, KILO_PLACE)

"""OpenCode and the programs that were made from it: databases and trees of JSON files -> rows."""

from __future__ import annotations

from sessionframe.providers.contract import Info, OnFirstUse, Provider
from sessionframe.providers.opencode.info import KILO as KILO_INFO
from sessionframe.providers.opencode.info import OPENCODE as OPENCODE_INFO
from sessionframe.providers.opencode.locations import KILO as KILO_AT
from sessionframe.providers.opencode.locations import OPENCODE as OPENCODE_AT
from sessionframe.providers.opencode.locations import Place, remains

VERSION = 2


def family_member(info: Info, place: Place) -> Provider:
    """The provider of a program that keeps OpenCode's tables in a folder of its own.

    Parameters
    ----------
    info
        What is declared of it.
    place
        How it calls its folder and its database.
    """
    return Provider(
        info=info,
        version=VERSION,
        roots=place.roots,
        discover=place.discover,
        parse=OnFirstUse("sessionframe.providers.opencode.parse:parse"),
        prepare=OnFirstUse("sessionframe.providers.opencode.sessions:prepare"),
        originals=OnFirstUse("sessionframe.providers.opencode.originals:originals"),
        remains=remains,
    )


PROVIDER = family_member(OPENCODE_INFO, OPENCODE_AT)
KILO = family_member(KILO_INFO, KILO_AT)

"""What is declared of OpenCode and its forks: where the knowledge comes from and which columns their logs cannot fill."""

from __future__ import annotations

from collections.abc import Mapping

from sessionframe.providers.contract import Info, Never
from sessionframe.schema import TableName

ONE_HOME = Never("null with one home; filled when several are read")
NO_ID = Never("the vendor's ids of requests are not stored")
NO_BILLING = Never("the program keeps tokens and a cost, nothing else of a bill")
NO_START = Never("the program does not store how it was started")
NO_SERVER = Never("a tool of a server is named `<server>_<tool>`, as tools of the user's own may be")
ENGINE = Never("a session has no single record that it is read from")

GAPS: Mapping[TableName, Mapping[str, Never]] = {
    "sessions": {
        "host": ONE_HOME,
        "line": ENGINE,
        "entrypoint": NO_START,
        "cache_write_1h_tokens": NO_BILLING,
        "web_searches": NO_BILLING,
    },
    "messages": {"host": ONE_HOME, "request_id": NO_ID},
    "tool_calls": {"host": ONE_HOME, "request_id": NO_ID, "mcp_server": NO_SERVER},
    "usage": {
        "host": ONE_HOME,
        "request_id": NO_ID,
        "cache_write_1h_tokens": NO_BILLING,
        "web_searches": NO_BILLING,
        "speed": NO_BILLING,
        "service_tier": NO_BILLING,
        "inference_geo": NO_BILLING,
    },
    "issues": {"host": ONE_HOME},
}

OPENCODE = Info(
    agent_type="opencode",
    title="OpenCode",
    layout="SQLite (`opencode.db`, one per channel) in `~/.local/share/opencode` since 1.2, before that trees of JSON files there",
    versions="0.5.29 to 1.18.33, and the tables of 2.0",
    evidence="recordings of five versions against a server with known totals, the sources, other readers run side by side",
    checked="2026-11-26",
    gaps=GAPS,
)
KILO = Info(
    agent_type="kilo",
    title="Kilo CLI",
    layout="SQLite (`kilo.db`, one per channel) in `~/.local/share/kilo`: OpenCode's tables",
    versions="7.7.9",
    evidence="the program run against a server with known totals; its database is OpenCode's",
    checked="2026-11-26",
    gaps=GAPS,
)

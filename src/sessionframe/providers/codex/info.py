"""What is declared of Codex: where the knowledge comes from and which columns its logs cannot fill."""

from __future__ import annotations

from sessionframe.providers.contract import Info, Never

ONE_HOME = Never("null with one home; filled when several are read")
ENGINE = Never("the record that a session is summed from has no single line")
NO_COST = Never("Codex writes no cost")
NO_HOURS = Never("OpenAI's cache has no lifetimes to choose from")

INFO = Info(
    agent_type="codex",
    title="Codex",
    layout="JSON lines: `sessions/<year>/<month>/<day>/rollout-*.jsonl` and `archived_sessions/` in `~/.codex`, old ones packed (`.zst`)",
    versions="0.8 to 0.169, and documents of the TypeScript program of 2025",
    evidence="17 releases run against a scripted model server with known usage, the program's sources, other readers run side by side",
    checked="2026-11-26",
    gaps={
        "sessions": {"host": ONE_HOME, "line": ENGINE, "recorded_cost_usd": NO_COST, "cache_write_1h_tokens": NO_HOURS},
        "messages": {
            "host": ONE_HOME,
            "parent_id": Never("a rollout is a list, not a tree"),
            "request_id": Never("no item names the response it belongs to"),
        },
        "tool_calls": {"host": ONE_HOME, "request_id": Never("no item names the response it belongs to")},
        "usage": {
            "host": ONE_HOME,
            "message_id": Never("usage records name the response, not its messages"),
            "cache_write_1h_tokens": NO_HOURS,
            "speed": Never("the service tier is all that is said of speed"),
            "inference_geo": Never("not recorded"),
            "recorded_cost_usd": NO_COST,
        },
        "issues": {"host": ONE_HOME},
    },
)

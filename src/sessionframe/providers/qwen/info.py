"""What is declared of Qwen Code: where the knowledge comes from and which columns its logs cannot fill."""

from __future__ import annotations

from sessionframe.providers.contract import Info, Never

ONE_HOME = Never("null with one home; filled when several are read")
ENGINE = Never("the record that a session is summed from has no single line")
NO_COST = Never("the logs state no cost")
NO_WRITES = Never("the logs state no cache writes")
NO_SEARCHES = Never("searches run inside a tool whose own request is not told apart")

INFO = Info(
    agent_type="qwen",
    title="Qwen Code",
    layout="JSON lines below `~/.qwen`: `projects/<folder>/chats/<session>.jsonl`, sub-agents in `projects/<folder>/subagents/`, "
    "a ledger of all requests in `usage/`; the first versions wrote documents below `tmp/`",
    versions="0.24.4",
    evidence="a session of 0.24.4 recorded against a scripted model, the program's source, other readers run side by side",
    checked="2026-11-26",
    gaps={
        "sessions": {
            "host": ONE_HOME,
            "line": ENGINE,
            "cache_write_1h_tokens": NO_WRITES,
            "web_searches": NO_SEARCHES,
            "recorded_cost_usd": NO_COST,
        },
        "messages": {"host": ONE_HOME},
        "tool_calls": {"host": ONE_HOME},
        "usage": {
            "host": ONE_HOME,
            "cache_write_1h_tokens": NO_WRITES,
            "web_searches": NO_SEARCHES,
            "speed": Never("the logs do not name it"),
            "service_tier": Never("the logs do not name it"),
            "inference_geo": Never("the logs do not name it"),
            "recorded_cost_usd": NO_COST,
        },
        "issues": {"host": ONE_HOME},
    },
)

"""What is declared of Gemini CLI: where the knowledge comes from and which columns its logs cannot fill."""

from __future__ import annotations

from sessionframe.providers.contract import Info, Never

ONE_HOME = Never("null with one home; filled when several are read")
ENGINE = Never("the record that a session is summed from has no single line")
NO_BRANCH = Never("the recordings do not name a branch")
NO_REQUEST = Never("the vendor's id of the request is not recorded")
NO_COST = Never("the recordings state no cost")
NO_WRITES = Never("the vendor charges no cache writes per lifetime")
NO_SEARCHES = Never("searches run inside a tool whose own request is not recorded")

INFO = Info(
    agent_type="gemini",
    title="Gemini CLI",
    layout="`tmp/<project>/chats/session-*` below `~/.gemini`: one JSON document per session up to 0.38, JSON lines that change it since",
    versions="0.4 to 0.61.0",
    evidence="sessions of 0.27.0 and 0.61.0 recorded against a scripted model, the program's source with its history, "
    "282 real replies in its fixtures, other readers run side by side",
    checked="2026-11-26",
    vendor="google",
    gaps={
        "sessions": {
            "host": ONE_HOME,
            "line": ENGINE,
            "git_branch": NO_BRANCH,
            "agent_version": Never("the recordings do not name the version"),
            "entrypoint": Never("the recordings do not say how the program was started"),
            "subagent_type": Never("a sub-agent's recording does not name its kind; the call that started it does"),
            "cache_write_1h_tokens": NO_WRITES,
            "web_searches": NO_SEARCHES,
            "recorded_cost_usd": NO_COST,
        },
        "messages": {
            "host": ONE_HOME,
            "parent_id": Never("messages are a list, not a tree"),
            "request_id": NO_REQUEST,
            "git_branch": NO_BRANCH,
        },
        "tool_calls": {"host": ONE_HOME, "request_id": NO_REQUEST, "git_branch": NO_BRANCH},
        "usage": {
            "host": ONE_HOME,
            "request_id": NO_REQUEST,
            "git_branch": NO_BRANCH,
            "cache_write_1h_tokens": NO_WRITES,
            "web_searches": NO_SEARCHES,
            "speed": Never("one speed only"),
            "service_tier": Never("the recordings do not name it"),
            "inference_geo": Never("the recordings do not name it"),
            "recorded_cost_usd": NO_COST,
        },
        "issues": {"host": ONE_HOME},
    },
)

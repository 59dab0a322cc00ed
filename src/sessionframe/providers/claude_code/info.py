"""What is declared of Claude Code: where the knowledge comes from and which columns its logs cannot fill."""

from __future__ import annotations

from sessionframe.providers.contract import Info, Never

ONE_HOME = Never("null with one home; filled when several are read")
ENGINE = Never("the record that a session is summed from has no single line")

INFO = Info(
    agent_type="claude-code",
    title="Claude Code",
    layout="JSON lines: `projects/<folder>/<session>.jsonl` below `~/.claude`, sub-agents below `<session>/subagents/`",
    versions="1.0.17 to 2.1.296",
    evidence="899 real transcripts (1.0 GB, 29,334 responses), the changelog, the SDK's sources, other readers run side by side",
    checked="2026-10-31",
    vendor="anthropic",
    gaps={
        "sessions": {"host": ONE_HOME, "line": ENGINE},
        "messages": {"host": ONE_HOME},
        "tool_calls": {"host": ONE_HOME},
        "usage": {"host": ONE_HOME},
        "issues": {"host": ONE_HOME},
    },
)

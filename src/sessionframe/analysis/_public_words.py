"""Which texts of the tables are public knowledge: names of programs, models and tools that say nothing about whoever used them.

An allow list: what is not known to be public is taken for private.
"""

from __future__ import annotations

import re

from sessionframe.dialects.tools import CATEGORY


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


AGENTS = words(
    "claude-code codex opencode kilo gemini qwen copilot cursor pi openclaw cline roo kimi amp droid grok goose crush hermes zed"
)
ENTRYPOINTS = words(
    "cli sdk-cli sdk-py sdk-ts mcp exec tui vscode codex_cli_rs codex_exec codex_vscode claude-vscode claude-jetbrains claude-desktop"
)
SUBAGENTS = words("Explore Plan general-purpose statusline-setup workflow-subagent explore general plan build review")
OPTIONS = words("standard not_available global default auto fast priority batch flex scale us eu apac")
EVIDENCE = words("assistant agent_progress iterations message token-usage token_count step-finish")
PROGRAMS = words(
    """
    ansible ansible-lint apt apt-get awk az bash bun cargo cat cd chmod chown clang cmake composer conda cp curl cut dart date deno df
    diff docker docker-compose dotnet du echo env export fd find flutter g++ gcc gcloud gh git go gofmt gradle grep head helm hg java
    javac jq julia kill kubectl latexmk less ln ls make man mkdir mv mvn mypy mysql node npm npx nvm open perl php pip pip3 pnpm poetry
    powershell printf prettier ps psql pwd pwsh py pytest python python3 rg rm rmdir rsync ruby ruff rustc sed sh shellcheck sleep sort
    source sqlite3 ssh sudo swift tail tar tee terraform test timeout touch tr tree true tsc uniq unzip uv uvx vim wc wget which xargs
    yarn zip zsh
    """
)

VERSION = re.compile(r"v?\d{1,6}(\.\d{1,6}){0,3}(-(alpha|beta|rc|dev|nightly|preview)(\.?\d{1,8}){0,3})?")


def is_model(name: str) -> bool:
    """Whether the bundled price list knows a model; a path before its name can hold accounts and projects, so none is public."""
    from sessionframe.pricing import PriceList  # the price list loads on first use

    return "/" not in name and not isinstance(PriceList().find(name), str)


def is_vendor(name: str) -> bool:
    """Whether a company sells models."""
    from sessionframe.pricing.names import SELLERS

    return name in SELLERS.values()


def is_price_key(key: str) -> bool:
    """Whether an entry is one of the bundled list: own prices have names of their own."""
    vendor, _, model = key.partition(":")
    return (is_vendor(vendor) or vendor == "supplement") and is_model(model)


def is_tool(name: str) -> bool:
    """Whether a tool is built into an agent."""
    return name.lower() in CATEGORY


def is_version(text: str) -> bool:
    """Whether a text is a version and nothing else."""
    return VERSION.fullmatch(text) is not None

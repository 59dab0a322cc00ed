"""Name of a tool -> what it does. One table for all agents, because they borrow each other's names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from sessionframe.schema import Category

NAMES: dict[Category, str] = {
    "read": "read view_image notebookread read_file readfile view cat open_file read_many_files read_text_file readmcpresourcetool",
    "search": "grep glob ls list list_dir list_directory listdir search search_files find find_files codebase_search "
    "search_file_content file_search grep_search ripgrep lsp",
    "edit": "edit multiedit notebookedit replace str_replace apply_patch patch edit_file apply_diff str_replace_editor "
    "str_replace_based_edit_tool search_replace replace_in_file",
    "write": "write write_file writefile create_file write_to_file create",
    "run": "bash powershell shell local_shell exec exec_command execute_command run_shell_command run_command "
    "terminal run_in_terminal shell_command container.exec js_repl write_stdin "
    "bashoutput killshell killbash taskoutput taskstop monitor unified_exec repl",
    "web": "webfetch websearch web_fetch web_search google_web_search fetch browser_action browser web_search_call",
    "plan": "todowrite todoread todo_write todo_read update_plan write_todos taskcreate taskupdate tasklist taskget exitplanmode "
    "enterplanmode plan_exit update_todo_list",
    "agent": "agent task workflow sendmessage spawn_agent wait_agent resume_agent send_input close_agent list_agents wait "
    "delegate new_task subagent "
    "teamcreate teamdelete",
}
CATEGORY: dict[str, Category] = {name: category for category, names in NAMES.items() for name in names.split()}
MCP_NAME = re.compile(r"^mcp__(?P<server>.+?)__(?P<tool>.+)$")


class ToolKind(NamedTuple):
    """What a tool name tells: the category, and the MCP server when it belongs to one."""

    category: Category
    mcp_server: str | None


@lru_cache(maxsize=1024)
def tool_kind(name: str | None) -> ToolKind:
    """Category and MCP server of a tool name; an unknown name is ``other``."""
    if name is None:
        return ToolKind("other", None)
    if match := MCP_NAME.match(name):
        return ToolKind("mcp", match["server"])
    return ToolKind(CATEGORY.get(name.lower(), "other"), None)


ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")


def command_head(command: str | None) -> str | None:
    """The program that a shell command starts with: its first word, without assignments before it and without its folder."""
    for word in (command or "")[:2000].split():
        if not ASSIGNMENT.match(word):
            return word.strip("\"'(").replace("\\", "/").rsplit("/", 1)[-1] or None
    return None

"""A home goes in, pandas frames come out: by sessionframe, and messages with their text also by what one writes without it.

    python benchmarks/readers.py tables|messages|messages-pandas|messages-duckdb|messages-msgspec HOME

The other ways give the fields that the table has, a row per content part, the texts of results taken out of their blocks. They find no
copies of history, stop at a damaged line, and know no sub-agents. That with msgspec shows what is left for a reader in Python to gain: it
decodes, lists and frames in one process, and does nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FIELDS = {
    "type": "VARCHAR",
    "uuid": "VARCHAR",
    "parentUuid": "VARCHAR",
    "sessionId": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
    "requestId": "VARCHAR",
    "cwd": "VARCHAR",
    "gitBranch": "VARCHAR",
    "isMeta": "BOOLEAN",
    "content": "VARCHAR",
    "message": "JSON",
}
"""What is read of a line, with DuckDB's types."""

QUERY = """
with lines as (
    select *, row_number() over () as line
    from read_json('{files}', format = 'newline_delimited', columns = {fields}, filename = true, maximum_object_size = 1073741824)
    where type in ('user', 'assistant', 'system')
),
parts as (
    select * exclude (message, content), message->>'id' as message_id, message->>'role' as role, message->>'model' as model,
        unnest(case json_type(message, '$.content')
            when 'ARRAY' then from_json(message->'content', '["JSON"]')
            else [json_object('type', 'text', 'text', coalesce(message->>'content', content))] end) as part
    from lines
)
select * exclude (part), part->>'type' as part_type, coalesce(part->>'id', part->>'tool_use_id') as call_id,
    coalesce(part->>'text', part->>'thinking', part->>'input',
        case json_type(part, '$.content') when 'ARRAY'
            then array_to_string(list_transform(from_json(part->'content', '["JSON"]'), lambda item: item->>'text'), chr(10))
            else part->>'content' end) as content, length(content) as content_chars
from parts order by filename, line
"""


def tables(home: Path) -> Any:
    """All five tables without text."""
    import sessionframe as sf

    logs = sf.scan(home=home)
    return [table.to_frame() for table in (logs.sessions, logs.messages, logs.tool_calls, logs.usage, logs.issues)]


def messages(home: Path) -> Any:
    """Messages with their text."""
    import sessionframe as sf

    return sf.scan("claude-code", home=home).messages.to_frame(content=True)


def by_pandas(home: Path) -> Any:
    """`read_json` for each file, the nested message flattened, a row per part."""
    import pandas as pd

    frames = []
    for path in sorted(home.glob(".claude/projects/**/*.jsonl")):
        lines = pd.read_json(path, lines=True, dtype=False)
        lines = lines.reindex(columns=list(FIELDS)).assign(source=str(path), line=range(1, len(lines) + 1))
        lines = lines[lines["type"].isin(["user", "assistant", "system"])].reset_index(drop=True)
        message = lines.pop("message")
        nested = pd.json_normalize([value if isinstance(value, dict) else {} for value in message], max_level=0)
        nested = nested.reindex(columns=["id", "role", "model", "content"]).add_prefix("message_")
        frames.append(pd.concat([lines, nested], axis=1))
    whole = pd.concat(frames, ignore_index=True)
    whole["timestamp"] = pd.to_datetime(whole["timestamp"], utc=True)
    whole["message_content"] = whole["message_content"].where(whole["message_content"].notna(), whole["content"])
    whole = whole.drop(columns="content").explode("message_content", ignore_index=True)
    parts = whole.pop("message_content")
    blocks = pd.json_normalize([part if isinstance(part, dict) else {"type": "text", "text": part} for part in parts], max_level=0)
    whole["part_type"], whole["call_id"] = blocks["type"], blocks["id"].fillna(blocks["tool_use_id"])
    whole["content"] = pd.Series([text_of(block) for block in blocks.to_dict("records")], dtype="str")
    return whole.assign(content_chars=whole["content"].str.len())


def text_of(block: dict[str, Any]) -> str | None:
    """The text of a content part."""
    for name in ("text", "thinking"):
        if isinstance(block.get(name), str):
            return str(block[name])
    if isinstance(block.get("input"), dict):
        return json.dumps(block["input"])
    inner = block.get("content")
    return "\n".join(item.get("text") or "" for item in inner) if isinstance(inner, list) else inner if isinstance(inner, str) else None


def by_duckdb(home: Path) -> Any:
    """One query."""
    import duckdb

    return duckdb.sql(QUERY.format(files=f"{home}/.claude/projects/**/*.jsonl", fields=FIELDS)).df()


def by_msgspec(home: Path) -> Any:
    """Only the fields that are used are decoded, each into a list; then polars, and pandas."""
    import msgspec
    import polars as pl

    def struct(name: str, **fields: Any) -> Any:
        return msgspec.defstruct(
            name, [(field, kind, msgspec.Raw() if kind is msgspec.Raw else None) for field, kind in fields.items()], gc=False
        )

    text, raw, plain = str | None, msgspec.Raw, ("type", "uuid", "parentUuid", "sessionId", "timestamp", "requestId", "cwd", "gitBranch")
    block = struct("Block", type=text, text=text, thinking=text, id=text, tool_use_id=text, input=raw, content=raw)
    message = struct("Message", id=text, role=text, model=text, content=str | list[block] | None)
    line = struct("Line", **dict.fromkeys(plain, text), isMeta=bool | None, content=str | list[block] | None, message=message | None)
    lines, inner = msgspec.json.Decoder(line), msgspec.json.Decoder(str | list[block] | None)

    def said(part: Any) -> str | None:
        if part.text is not None or part.thinking is not None:
            return part.text if part.text is not None else part.thinking
        if part.input:
            return str(memoryview(part.input), "utf-8")
        found = inner.decode(part.content) if part.content else None
        return "\n".join(item.text or "" for item in found) if isinstance(found, list) else found

    others = ("message_id", "role", "model", "part_type", "call_id", "content")
    schema = {
        **dict.fromkeys(plain, pl.String),
        "isMeta": pl.Boolean,
        **dict.fromkeys(others, pl.String),
        "content_chars": pl.Int64,
        "line": pl.Int64,
    }
    frames, nobody = [], message()
    for path in sorted(home.glob(".claude/projects/**/*.jsonl")):
        rows = []
        for number, each in enumerate(lines.decode_lines(path.read_bytes()), 1):
            if each.type in ("user", "assistant", "system"):
                by, content = each.message or nobody, each.message.content if each.message else each.content
                for part in content if isinstance(content, list) else [block(type="text", text=content)]:
                    found = said(part)
                    length = None if found is None else len(found)
                    own = (each.isMeta, by.id, by.role, by.model, part.type, part.id or part.tool_use_id, found, length, number)
                    rows.append((*(getattr(each, name) for name in plain), *own))
        columns = zip(schema.items(), zip(*rows, strict=True), strict=True) if rows else [(column, ()) for column in schema.items()]
        made = pl.DataFrame([pl.Series(name, values, dtype=dtype) for (name, dtype), values in columns])
        frames.append(made.with_columns(source=pl.lit(str(path))))
    return pl.concat(frames).to_pandas(use_pyarrow_extension_array=True)


WAYS: dict[str, Callable[[Path], Any]] = {
    "tables": tables,
    "messages": messages,
    "messages-pandas": by_pandas,
    "messages-duckdb": by_duckdb,
    "messages-msgspec": by_msgspec,
}

if __name__ == "__main__":
    made = WAYS[sys.argv[1]](Path(sys.argv[2]))
    for frame in made if isinstance(made, list) else [made]:
        print(f"{len(frame):,} rows of {len(frame.columns)} columns")

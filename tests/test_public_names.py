"""What `import sessionframe` offers, and what it costs."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import polars as pl
import pytest

import sessionframe as sf
from sessionframe import errors
from sessionframe.engine.public import ScanOptions
from sessionframe.errors import OptionError
from sessionframe.frames.dtypes import polars_dtype
from sessionframe.schema import PANDAS_NAMES, SCHEMA, TABLES, TableName

HEAVY = (
    "pandas",
    "polars",
    "pyarrow",
    "narwhals",
    "msgspec",
    "matplotlib",
    "pydantic",
    "genai_prices",
    "rich",
    "click",
    "importlib.metadata",
)
SAMPLE = Path(__file__).parents[1] / "data-samples" / "claude-code" / "basic" / "home"


def fresh(code: str) -> list[str]:
    """What a new Python prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


# the names


@pytest.mark.parametrize("name", sf.__all__)
def test_every_name_is_there_and_is_what_it_is_called(name: str) -> None:
    found = getattr(sf, name)
    assert getattr(found, "__name__", name).rpartition(".")[2] == name


def test_names_are_sorted_and_listed() -> None:
    assert sorted(sf.__all__) == sf.__all__
    assert dir(sf) == sf.__all__


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError, match="module 'sessionframe' has no attribute 'scann'"):
        getattr(sf, "scann")  # noqa: B009 - the type checker knows that it is not there


def test_every_error_is_public() -> None:
    own = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, errors.SessionFrameError)}
    assert own <= set(sf.__all__)
    assert all(issubclass(getattr(sf, name), sf.SessionFrameError) for name in own)


def test_type_checkers_see_the_same_names() -> None:
    """The block that only they read must not differ from what is loaded on first use."""
    tree = ast.parse(Path(sf.__file__).read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    places = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert sorted([*places, "__version__"]) == sf.__all__
    for name, module in places.items():
        assert module is not None
        home = module if name not in {"analysis", "plot", "testing"} else f"{module}.{name}"
        __import__(home)
        found = getattr(sf, name)
        seen = (
            sys.modules[home]
            if isinstance(found, ModuleType) and name in {"analysis", "plot", "testing"}
            else getattr(sys.modules[home], name)
        )
        assert name in {"schema", "providers"} or found is seen


def test_the_version_is_that_of_the_package() -> None:
    assert sf.__version__[0].isdigit()


# names that are a room and a function


ORDERS = [
    "import sessionframe as sf",
    "import sessionframe.schema, sessionframe.providers.claude_code, sessionframe as sf",
    "from sessionframe.schema import SCHEMA; from sessionframe.providers import claude_code; import sessionframe as sf",
    "import sessionframe as sf; sf.scan(home='.')",
    "import sessionframe as sf; sf.schema.SCHEMA; sf.providers.__path__",
]


@pytest.mark.parametrize("order", ORDERS)
def test_schema_and_providers_are_functions_in_any_order_of_imports(order: str) -> None:
    code = f"{order}; print(sf.schema('usage', engine='polars').height, sf.providers('polars').height > 100)"
    assert fresh(code) == [str(len(SCHEMA["usage"].public)), "True"]


def test_the_rooms_are_still_modules() -> None:
    from sessionframe import providers, schema

    assert schema.SCHEMA is SCHEMA  # type: ignore[attr-defined]
    assert providers.claude_code.PROVIDER.agent_type == "claude-code"  # type: ignore[attr-defined]
    assert isinstance(schema, ModuleType)


# what it costs


def test_the_import_loads_no_library() -> None:
    assert not set(HEAVY) & set(fresh("import sys, sessionframe; print(*sys.modules)"))


def test_the_import_loads_no_room_of_the_package() -> None:
    loaded = fresh("import sys, sessionframe; print(*sys.modules)")
    assert [name for name in loaded if name.startswith("sessionframe.")] == []


def test_a_scan_lists_sources_without_a_frame_library() -> None:
    code = f"import sys, sessionframe as sf; len(sf.scan('claude-code', home={str(SAMPLE)!r}).sources) or 1 / 0; print(*sys.modules)"
    assert not {"pandas", "polars", "pyarrow", "matplotlib", "pydantic"} & set(fresh(code))


def test_a_scan_lists_sources_without_what_parses_them() -> None:
    demo = SAMPLE.parents[2] / "demo"
    loaded = fresh(f"import sys, sessionframe as sf; len(sf.scan(home={str(demo)!r}).sources) or 1 / 0; print(*sys.modules)")
    assert {name for name in loaded if name.startswith("sessionframe.providers.") and name.endswith(".parse")} == set()
    assert {f"sessionframe.providers.{agent}.locations" for agent in ("claude_code", "codex", "gemini", "qwen", "opencode")} <= set(loaded)


def test_polars_needs_no_pandas() -> None:
    work = f"sf.to_frame('usage', 'polars', home={str(SAMPLE)!r}); sf.schema(engine='polars')"
    code = f"import sys, sessionframe as sf; {work}; print(*sys.modules)"
    assert not {"pandas", "matplotlib"} & set(fresh(code))


# frames of what is declared


def test_the_schema_has_every_public_column_in_order() -> None:
    declared = [(table, column.name, column.unit, column.meaning) for table in TABLES for column in SCHEMA[table].public]
    assert sf.schema(engine="polars").select("table", "column", "unit", "meaning").rows() == declared


@pytest.mark.parametrize("table", TABLES)
def test_the_schema_says_which_dtypes_the_frames_have(table: TableName) -> None:
    said = sf.schema(table, "polars")
    names = said["column"].to_list()
    in_polars = sf.to_frame(table, "polars", home=SAMPLE).schema
    in_pandas = sf.to_frame(table, home=SAMPLE).dtypes
    assert dict(zip(names, said["dtype"], strict=True)) == {
        name: "Enum" if isinstance(dtype, pl.Enum) else str(dtype) for name, dtype in in_polars.items()
    }
    assert dict(zip(names, said["pandas_dtype"], strict=True)) == {name: str(dtype) for name, dtype in in_pandas.items()}
    assert in_polars == {column.name: polars_dtype(column) for column in SCHEMA[table].public}


def test_the_schema_lists_the_values_of_enums() -> None:
    rows = sf.schema("messages", "polars").filter(pl.col("categories").is_not_null())
    assert rows.select("column", "categories").rows() == [
        ("role", "user, assistant, system, tool"),
        ("type", "chat, tool-use, tool-result, progress, snapshot, thinking, summary"),
    ]


def test_the_schema_in_pandas() -> None:
    frame = sf.schema("usage")
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["column"]) == [column.name for column in SCHEMA["usage"].public]
    assert {str(dtype) for dtype in frame.dtypes} == {"str"}
    assert set(frame["pandas_dtype"]) <= set(PANDAS_NAMES.values())


# one line


def test_one_line_is_a_scan_and_a_frame() -> None:
    logs = sf.scan("claude-code", home=SAMPLE)
    for table in TABLES:
        assert sf.to_frame(table, "polars", agents="claude-code", home=SAMPLE).equals(getattr(logs, table).to_frame("polars"))
    assert sf.to_frame("messages", "polars", agents=["claude-code"], content=True, home=SAMPLE)["content"].count() > 0
    pd.testing.assert_frame_equal(sf.to_frame("usage", home=SAMPLE), logs.usage.to_frame())


def test_one_line_takes_the_options_of_scan() -> None:
    options = {name for name, each in inspect.signature(sf.scan).parameters.items() if each.kind is each.KEYWORD_ONLY}
    assert set(ScanOptions.__annotations__) == options
    assert sf.to_frame("usage", "polars", home=SAMPLE, until="2001-01-01", tz="UTC").is_empty()


@pytest.mark.parametrize(
    "call,said",
    [
        (lambda: sf.to_frame("usages", home=SAMPLE), "table='usages' is not known. Did you mean 'usage'?"),  # type: ignore[call-overload]
        (lambda: sf.schema("session"), "table='session' is not known. Did you mean 'sessions'?"),  # type: ignore[call-overload]
        (lambda: sf.to_frame("usage", "panda", home=SAMPLE), "engine='panda' is not known. Did you mean 'pandas'?"),  # type: ignore[call-overload]
        (lambda: sf.schema(engine="polar"), "engine='polar' is not known. Did you mean 'polars'?"),  # type: ignore[call-overload]
        (lambda: sf.providers("duckdb"), "engine='duckdb' is not known. Choose from pandas, polars."),  # type: ignore[call-overload]
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(call: Any, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        call()
    assert str(caught.value).startswith(said)

"""A record type and a plain JSON object go in; a record of that type comes out, with what does not fit left empty and reported."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import inspect

from sessionframe.formats.problems import Problems
from sessionframe.schema import IssueKind

T = TypeVar("T", bound=msgspec.Struct)
Tell: TypeAlias = Callable[[IssueKind, str], None]
Fit: TypeAlias = Callable[[Any, str, Tell], Any]
"""(JSON value, where it stands, how to report) -> the value in the wanted type, or `UNFIT`."""

UNFIT: Final = object()
INT64: Final = (-(2**63), 2**63 - 1)
NUMBER: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
LONGEST_SHOWN: Final = 40
JSON_NAMES: Final[dict[type, str]] = {str: "text", list: "a list", dict: "an object", bool: "true or false", type(None): "null"}


def build(record_type: type[T], obj: dict[str, Any], problems: Problems, line: int | None) -> T:
    """Turn a JSON object into a record, whatever its fields hold.

    A value that fits its field is kept. A number written as text becomes a number where one is wanted (issue `repaired`). Anything
    else leaves the field at its default, and an element of a list or a map out of it (issue `bad-value`, which names the field and
    never shows text of a conversation).

    Parameters
    ----------
    record_type
        A `msgspec.Struct` whose fields, at every depth, have defaults.
    obj
        The object as a JSON parser returned it.
    problems
        Where issues go.
    line
        Line number for the issues.

    Raises
    ------
    TypeError
        The record type is one that cannot be filled leniently. Never for what `obj` holds.
    """
    fitted = plan_for(record_type).fit(obj, "", lambda kind, detail: problems.add(kind, detail, line))
    return record_type() if fitted is UNFIT else fitted


class Known:
    """What is known of a record type while it is worked out: how to fill the Structs met so far, and whether one holds JSON text."""

    def __init__(self) -> None:
        self.structs: dict[type, Fit] = {}
        self.holds_raw = False


class Plan(NamedTuple):
    """How to fill a record type, and whether a field of it keeps undecoded JSON text."""

    fit: Fit
    holds_raw: bool


@cache
def plan_for(record_type: type) -> Plan:
    """How to fill a record type, worked out once. Raises `TypeError` for one that cannot be filled leniently."""
    known = Known()
    return Plan(plan(inspect.type_info(record_type), known), known.holds_raw)


def plan(info: inspect.Type, known: Known) -> Fit:
    """How to fit a value to a described type."""
    if isinstance(info, inspect.Metadata):
        return plan(info.type, known)
    make = PLANS.get(type(info))
    if make is None:
        raise TypeError(f"a record type cannot hold {type(info).__name__}: no lenient reading of it is known")
    return make(info, known)


def plan_any(info: inspect.AnyType, known: Known) -> Fit:
    """Anything fits."""
    del info, known
    return lambda value, where, tell: value


def plan_raw(info: inspect.RawType, known: Known) -> Fit:
    """The value as JSON text again."""
    del info
    known.holds_raw = True
    return lambda value, where, tell: msgspec.Raw(msgspec.json.encode(value))


def plan_exact(wanted: type) -> Callable[[Any, Known], Fit]:
    """Only values of one JSON type."""

    def make(info: inspect.Type, known: Known) -> Fit:
        del known
        if any(getattr(info, name, None) is not None for name in ("min_length", "max_length", "pattern")):
            raise TypeError("a record type cannot limit the length or the shape of text")
        return lambda value, where, tell: value if type(value) is wanted else UNFIT

    return make


def plan_literal(info: inspect.LiteralType, known: Known) -> Fit:
    """Only the values that are named."""
    del known
    allowed = {(type(value), value) for value in info.values}
    return lambda value, where, tell: value if isinstance(value, str | int) and (type(value), value) in allowed else UNFIT


def plan_int(info: inspect.IntType, known: Known) -> Fit:
    """Whole numbers within the limits, also written as text or with an empty fraction."""
    del known
    within = limits(info)

    def fit(value: Any, where: str, tell: Tell) -> Any:
        number = as_number(value)
        if number is None or number != math.floor(number):
            return UNFIT
        whole = int(number)
        if not (INT64[0] <= whole <= INT64[1] and within(whole)):
            return UNFIT
        tell_if_text(value, where, tell)
        return whole

    return fit


def plan_float(info: inspect.FloatType, known: Known) -> Fit:
    """Finite numbers within the limits, also written as text."""
    del known
    within = limits(info)

    def fit(value: Any, where: str, tell: Tell) -> Any:
        number = as_number(value)
        if number is None or not within(number):
            return UNFIT
        tell_if_text(value, where, tell)
        return float(number)

    return fit


def plan_list(info: inspect.ListType, known: Known) -> Fit:
    """A list of the elements that fit."""
    fit_element = plan(info.item_type, known)

    def fit(value: Any, where: str, tell: Tell) -> Any:
        if not isinstance(value, list):
            return UNFIT
        elements = ((f"{where}[]", element) for element in value)
        return [fitted for place, element in elements if (fitted := fit_or_tell(fit_element, element, place, tell)) is not UNFIT]

    return fit


def plan_dict(info: inspect.DictType, known: Known) -> Fit:
    """A map of the values that fit. Its keys are not named in issues: some agents use paths as keys."""
    if not isinstance(info.key_type, inspect.StrType | inspect.AnyType):
        raise TypeError("the keys of a map in a record type must be text")
    fit_element = plan(info.value_type, known)

    def fit(value: Any, where: str, tell: Tell) -> Any:
        if not isinstance(value, dict):
            return UNFIT
        fitted = {key: fit_or_tell(fit_element, element, f"{where}{{}}", tell) for key, element in value.items()}
        return {key: element for key, element in fitted.items() if element is not UNFIT}

    return fit


def plan_struct(info: inspect.StructType, known: Known) -> Fit:
    """A record, field by field."""

    def fit_later(value: Any, where: str, tell: Tell) -> Any:
        return known.structs[info.cls](value, where, tell)

    if info.cls in known.structs:
        return fit_later
    known.structs[info.cls] = fit_later  # a type may contain itself
    refuse_strict(info)
    fields = [(field.encode_name, field.name, plan(field.type, known)) for field in info.fields]

    def fit(value: Any, where: str, tell: Tell) -> Any:
        if not isinstance(value, dict):
            return UNFIT
        kept = {}
        for key, name, fit_field in fields:
            if key in value:
                fitted = fit_or_tell(fit_field, value[key], f"{where}.{key}" if where else key, tell)
                if fitted is not UNFIT:
                    kept[name] = fitted
        return info.cls(**kept)

    known.structs[info.cls] = fit
    return fit


def refuse_strict(info: inspect.StructType) -> None:
    """Raise `TypeError` for a Struct that not every object can become."""
    if info.array_like or info.forbid_unknown_fields or info.tag_field is not None:
        raise TypeError(f"{info.cls.__name__}: a record is an object, and may be of a kind or hold fields that are not known yet")
    for field in info.fields:
        if field.required:
            raise TypeError(f"{info.cls.__name__}.{field.name} needs a default: a log may lack it or hold something else there")


def plan_union(info: inspect.UnionType, known: Known) -> Fit:
    """The first of several types that takes the value: one that takes it as it is goes before one that converts it."""
    if any(isinstance(member, inspect.RawType) for member in info.types):
        raise TypeError("a field of JSON text cannot be anything else too: msgspec would take nothing but the other; use an empty default")
    members = [(TAKES.get(type(member), frozenset()), plan(member, known)) for member in info.types]

    def fit(value: Any, where: str, tell: Tell) -> Any:
        for as_it_is in (True, False):
            for takes, fit_member in members:
                if (type(value) in takes) is as_it_is and (fitted := fit_member(value, where, tell)) is not UNFIT:
                    return fitted
        return UNFIT

    return fit


def fit_or_tell(fit: Fit, value: Any, where: str, tell: Tell) -> Any:
    """Fit a value that may be left out, and report when it is."""
    fitted = fit(value, where, tell)
    if fitted is UNFIT:
        tell("bad-value", f"`{where}`: {shown(value)} does not fit and was left out")
    return fitted


def as_number(value: Any) -> int | float | None:
    """The number that a JSON value states, also as text; nothing for true, false, infinities and other text."""
    if isinstance(value, str):
        value = (float(value) if any(mark in value for mark in ".eE") else int(value)) if NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def tell_if_text(value: Any, where: str, tell: Tell) -> None:
    """Report a number that stands there as text."""
    if isinstance(value, str):
        tell("repaired", f"`{where}`: a number written as text was read as a number")


def limits(info: inspect.IntType | inspect.FloatType) -> Callable[[float], bool]:
    """The test for the declared limits of a number."""
    if info.multiple_of is not None:
        raise TypeError("a record type cannot ask for multiples of a number")
    low = max((bound for bound in (info.ge, info.gt) if bound is not None), default=-math.inf)
    high = min((bound for bound in (info.le, info.lt) if bound is not None), default=math.inf)
    barred = {bound for bound in (info.gt, info.lt) if bound is not None}
    return lambda number: low <= number <= high and number not in barred


def shown(value: Any) -> str:
    """A value in an issue: a number as it is, cut to `LONGEST_SHOWN` characters; of anything else only what it is."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return JSON_NAMES.get(type(value), type(value).__name__)
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        return "text"
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


TAKES: Final[dict[type[inspect.Type], frozenset[type]]] = {
    inspect.NoneType: frozenset({type(None)}),
    inspect.BoolType: frozenset({bool}),
    inspect.IntType: frozenset({int}),
    inspect.FloatType: frozenset({float}),
    inspect.StrType: frozenset({str}),
    inspect.LiteralType: frozenset({str, int}),
    inspect.ListType: frozenset({list}),
    inspect.DictType: frozenset({dict}),
    inspect.StructType: frozenset({dict}),
}
PLANS: Final[dict[type[inspect.Type], Callable[[Any, Known], Fit]]] = {
    inspect.AnyType: plan_any,
    inspect.RawType: plan_raw,
    inspect.NoneType: plan_exact(type(None)),
    inspect.BoolType: plan_exact(bool),
    inspect.StrType: plan_exact(str),
    inspect.IntType: plan_int,
    inspect.FloatType: plan_float,
    inspect.LiteralType: plan_literal,
    inspect.ListType: plan_list,
    inspect.DictType: plan_dict,
    inspect.StructType: plan_struct,
    inspect.UnionType: plan_union,
}

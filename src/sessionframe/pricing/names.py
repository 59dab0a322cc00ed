"""A model name as a log writes it in, the spellings to look up in a price list out. Exact spellings only, never a prefix of one.

Gateways, clouds and agents decorate a model's name; every decoration that is known to leave the price as it is has one line in a
table here. What is left must be a name that the price list itself states, so a model that is not listed (`claude-opus-9`,
`claude-opus-4-99`) has no price instead of a relative's price.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

SELLERS: dict[str, str] = {
    "amazon-bedrock": "aws",
    "anthropic": "anthropic",
    "azure": "azure",
    "azure_ai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "converse": "aws",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "github-copilot": "github-copilot",
    "github_copilot": "github-copilot",
    "google": "google",
    "google-vertex": "google",
    "google-vertex-anthropic": "google",
    "groq": "groq",
    "invoke": "aws",
    "litellm": "",
    "litellm_proxy": "",
    "mistral": "mistral",
    "mistralai": "mistral",
    "models": "",
    "moonshotai": "moonshotai",
    "openai": "openai",
    "openrouter": "openrouter",
    "qwen": "",
    "together_ai": "together",
    "vertex_ai": "google",
    "vertex_ai_beta": "google",
    "x-ai": "x-ai",
    "xai": "x-ai",
    "z-ai": "zai",
    "zai": "zai",
}
"""Path prefixes that say who was asked, not which model answered -> that seller's name in the price list, or nothing.

A prefix that is not here stays part of the name: `ollama/` and `lmstudio/` run a model locally, where no list price is paid.
"""

CONTEXT_MARK = re.compile(r"\[\d+[km]\]$")  # Claude Code marks a context window, `[1m]`; no surcharge by itself
ARN = re.compile(r"^arn:aws[a-z-]*:bedrock:[^/]*/")  # inference profiles and foundation models; the name follows the slash
CLOUD_PATH = re.compile(r"^(?:projects/[^/]+/)?(?:locations/[^/]+/)?publishers/[^/]+/models/")  # Vertex AI resource names
AWS_REGION = re.compile(r"^[a-z]{2}(?:-[a-z]+)+-\d/")  # `bedrock/us-east-1/...`, a LiteLLM spelling
BEDROCK = re.compile(r"^(?:[a-z]{2,6}(?:-gov)?\.)?anthropic\.(?=claude)")  # `us.`, `eu.`, `apac.`, `global.`, or no region
FAST = re.compile(r"^(claude-.+)-fast$")  # only Claude: elsewhere `-fast` is another model, e.g. grok-4-fast

DATES = (
    re.compile(r"^(.+)-20\d{6}$"),
    re.compile(r"^(.+)-20\d\d-\d\d-\d\d$"),
    re.compile(r"^(.+-(?:preview|exp))-(?:\d\d-\d\d|\d\d-\d{4})$"),  # Gemini: `-preview-06-05`, `-preview-09-2025`
)
DECORATIONS = (
    *DATES,
    re.compile(r"^(.+)-latest$"),
    re.compile(r"^(claude-.+)-default$"),  # Vertex AI: `@default`
    re.compile(r"^(claude-.+)-v\d+(?::\d+)*(?::\d+k)?$"),  # Bedrock: `-v1:0`; elsewhere `-v3` is the version of a model
    re.compile(r"^(claude-.+)-thinking$"),  # some agents write the thinking mode into the name; thinking is billed as output
)
OLD_ORDER = re.compile(r"^claude-(\d(?:-\d)?)-([a-z]+)$")  # `claude-4.5-opus` for `claude-opus-4-5`
RENAMED = {"gemini-2-5-pro-preview": "gemini-2-5-pro", "gemini-2-5-pro-exp": "gemini-2-5-pro"}  # one model, listed by its last name


class Spelling(msgspec.Struct, frozen=True):
    """One way to write a model's name: canonical text, and whether a `-fast` was taken off it."""

    text: str
    fast: bool = False


class ModelName(msgspec.Struct, frozen=True):
    """A logged model name, read.

    Attributes
    ----------
    spellings
        What to look up, the most specific first: the name itself, then with one decoration less each.
    seller
        Seller of the price list that the name's path names, or None.
    """

    spellings: tuple[Spelling, ...]
    seller: str | None = None


def canonical(name: str) -> str:
    """Lower case, with `-` for `.` and `@`: vendors and clouds write `4.5`, `4-5`, `@20251001` for the same thing."""
    return name.strip().lower().replace(".", "-").replace("@", "-")


@lru_cache(maxsize=4096)
def read_name(model: str) -> ModelName:
    """Read a logged model name.

    Parameters
    ----------
    model
        As logged, e.g. ``us.anthropic.claude-haiku-4-5-20251001-v1:0``.

    Returns
    -------
    ModelName
        Its spellings, the most specific first, none twice.
    """
    paths, sellers = _paths(CONTEXT_MARK.sub("", model.strip().lower()))
    spellings = dict.fromkeys(spelling for path in paths for spelling in _spellings(path))
    return ModelName(tuple(spellings), next((seller for seller in sellers if seller), None))


def _paths(name: str) -> tuple[list[str], list[str]]:
    """The name with its path, and with one known prefix less each; and the sellers that were named."""
    paths, sellers = [name], []
    while (shorter := _without_prefix(name)) is not None:
        name, seller = shorter
        paths.append(name)
        sellers.append(seller)
    return paths, sellers


def _without_prefix(name: str) -> tuple[str, str] | None:
    for pattern, seller in ((ARN, "aws"), (CLOUD_PATH, "google"), (AWS_REGION, "aws"), (BEDROCK, "aws")):
        if match := pattern.match(name):
            return name[match.end() :], seller
    head, slash, rest = name.partition("/")
    return (rest, SELLERS[head]) if slash and rest and head in SELLERS else None


def _spellings(name: str) -> Iterator[Spelling]:
    """The name, then with decorations taken off its end for as long as there are any."""
    spelling: Spelling | None = Spelling(canonical(name))
    while spelling is not None:
        yield spelling
        yield from _other_orders(spelling)
        spelling = _with_less(spelling)


def _with_less(spelling: Spelling) -> Spelling | None:
    for pattern in DECORATIONS:
        if match := pattern.match(spelling.text):
            return Spelling(match[1], spelling.fast)
    if (match := FAST.match(spelling.text)) and not spelling.fast:
        return Spelling(match[1], True)
    return None


def _other_orders(spelling: Spelling) -> Iterator[Spelling]:
    if match := OLD_ORDER.match(spelling.text):
        yield Spelling(f"claude-{match[2]}-{match[1]}", spelling.fast)
    if spelling.text in RENAMED:
        yield Spelling(RENAMED[spelling.text], spelling.fast)

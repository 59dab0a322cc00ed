"""Which spellings of a model have its price, and that nothing else has."""

from __future__ import annotations

import pytest

from sessionframe.pricing import rates
from sessionframe.pricing.names import read_name
from tests.pricing.usage import day

NOW = day("2026-11-01")
ALIASES = {
    "anthropic:claude-haiku-4-5": [
        "claude-haiku-4-5",
        "claude-haiku-4.5",
        "Claude-Haiku-4-5",
        " claude-haiku-4-5 ",
        "claude-haiku-4-5-20251001",
        "claude-haiku-4-5-2025-10-01",
        "claude-haiku-4-5@20251001",
        "claude-haiku-4-5@default",
        "claude-haiku-4-5-latest",
        "claude-haiku-4-5[1m]",
        "claude-haiku-4-5-20251001[200k]",
        "claude-4.5-haiku",
        "anthropic/claude-haiku-4.5",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
        "apac.anthropic.claude-haiku-4-5-20251001-v1:0",
        "us-gov.anthropic.claude-haiku-4-5-20251001-v1:0",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0[1m]",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
        "bedrock/us-east-1/anthropic.claude-haiku-4-5-20251001-v1:0",
        "bedrock/converse/us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "litellm/bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "vertex_ai/claude-haiku-4-5@20251001",
        "litellm/vertex_ai/claude-haiku-4-5@20251001",
        "publishers/anthropic/models/claude-haiku-4-5@20251001",
        "projects/my-project/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001",
        "openrouter/anthropic/claude-haiku-4.5",
        "litellm/openrouter/anthropic/claude-haiku-4.5",
    ],
    "anthropic:claude-opus-5": [
        "claude-opus-5",
        "claude-opus-5[1m]",
        "us.anthropic.claude-opus-5-v1",
        "claude-opus-5-20260724",
        "claude-opus-5.0",
    ],
    "anthropic:claude-opus-5-5": ["claude-opus-5-5", "claude-opus-5.5", "claude-opus-5-5[1m]", "openrouter/anthropic/claude-opus-5.5"],
    "anthropic:claude-opus-4-0": ["claude-opus-4", "claude-opus-4-20250514", "claude-opus-4-0", "us.anthropic.claude-opus-4-20250514-v1:0"],
    "anthropic:claude-opus-4-1": ["claude-opus-4-1-20250805", "claude-opus-4.1"],
    "anthropic:claude-sonnet-4-0": ["claude-sonnet-4", "claude-sonnet-4-20250514", "claude-sonnet-4@20250514"],
    "anthropic:claude-3-7-sonnet-latest": ["claude-3-7-sonnet-20250219", "claude-3-7-sonnet-latest", "claude-sonnet-3.7"],
    "anthropic:claude-3-5-sonnet": [
        "claude-3-5-sonnet-20241022",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "claude-3-5-sonnet-v2@20241022",
    ],
    "anthropic:claude-3-5-haiku-latest": ["claude-3-5-haiku-20241022", "claude-3-5-haiku@20241022"],
    "openai:gpt-5": ["gpt-5", "gpt-5-codex", "openai/gpt-5", "gpt-5-20250807"],
    "openai:gpt-5.1": ["gpt-5.1", "gpt-5.1-codex-max", "openrouter/openai/gpt-5.1"],
    "openai:gpt-5.2": ["gpt-5.2", "gpt-5-2", "gpt-5.2-20251211"],
    "google:gemini-2.5-pro": ["gemini-2.5-pro", "models/gemini-2.5-pro", "gemini-2.5-pro-preview-06-05", "gemini-2.5-pro-exp-03-25"],
    "google:gemini-2.5-flash": ["gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025", "vertex_ai/gemini-2.5-flash"],
    "zai:GLM-4.6": ["glm-4.6", "GLM-4.6", "z-ai/glm-4.6"],
}
INVENTED = [
    "claude-opus-9",
    "claude-opus-4-99",
    "claude-opus-4-10-05",
    "claude-sonnet-12",
    "claude-haiku-4",
    "claude-haiku-4-50",
    "claude-haiku-4-5-turbo",
    "claude-haiku-4-5-2025",
    "claude-opus-5-6",
    "claude-opus-55",
    "claude-opus",
    "claude",
    "opus",
    "us.anthropic.claude-opus-9-v1:0",
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
    "fake-model",
    "gpt-5.99",
    "gpt-5-codex-ultra",
    "gemini-9-pro",
    "gemini-2.5-pro-ultra",
    "ollama/gpt-oss:20b",
    "lmstudio/openai/gpt-oss-20b",
    "<synthetic>",
    "/",
    "[1m]",
]


@pytest.mark.parametrize("name,key", [(name, key) for key, names in ALIASES.items() for name in names])
def test_alias_has_the_price_of_its_model(name: str, key: str) -> None:
    found = rates(name, NOW)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize("name", INVENTED)
def test_name_that_is_not_listed_has_no_price(name: str) -> None:
    assert rates(name, NOW) is None


@pytest.mark.parametrize(
    "name", ["claude-opus-4.8-fast", "anthropic/claude-opus-4.8-fast", "claude-opus-4-8-fast[1m]", "claude-opus-4-8-fast-20260528"]
)
def test_fast_in_a_name_is_fast_mode(name: str) -> None:
    assert rates(name, NOW) == rates("claude-opus-4-8", NOW, speed="fast")


def test_fast_in_other_names_is_another_model() -> None:
    assert not any(spelling.fast for spelling in read_name("grok-4-fast").spellings)


def test_version_suffix_is_only_taken_off_claude_models() -> None:
    assert [spelling.text for spelling in read_name("deepseek-v3").spellings] == ["deepseek-v3"]


def test_the_whole_name_is_looked_up_first_and_nothing_twice() -> None:
    spellings = [spelling.text for spelling in read_name("openrouter/anthropic/claude-opus-4.5-20251101").spellings]
    assert spellings[0] == "openrouter/anthropic/claude-opus-4-5-20251101"
    assert spellings[-1] == "claude-opus-4-5"
    assert len(set(spellings)) == len(spellings)


@pytest.mark.parametrize(
    "name, seller",
    [
        ("arn:aws:bedrock:us-east-1::foundation-model/openai.gpt-oss-20b", "aws"),
        ("us-east-1/openai.gpt-oss-20b", "aws"),
        ("eu.anthropic.claude-haiku-4-5", "aws"),
        ("publishers/meta/models/llama-4", "google"),
        ("litellm/azure/phi-4", "azure"),
        ("openrouter/azure/phi-4", "openrouter"),
        ("litellm/phi-4", None),
        ("azure/", None),
        ("/phi-4", None),
        ("ollama/phi-4", None),
    ],
)
def test_the_path_of_a_name_says_who_was_asked(name: str, seller: str | None) -> None:
    """The outermost one that sells: the gateway was paid, not who stands behind it."""
    assert read_name(name).seller == seller


def test_who_was_asked_decides_among_resellers() -> None:
    """Several resellers list Phi 4, each at a price of its own, and its maker lists nothing."""
    found = rates("litellm/azure/phi-4", NOW)
    assert found is not None
    assert found.key.startswith("azure:")
    assert rates("phi-4", NOW) is None

"""The rules by which secrets are told from text: those of detect-secrets, and a few for what agents meet and it does not know yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Literal, TypeAlias

from sessionframe.errors import OptionError, SessionFrameError

Scope: TypeAlias = Literal["all", "text", "line"]
"""Where a rule looks: in a text as a whole, in stretches of it, or in single lines that have a word such as `password` in them."""


IGNORECASE: Final = int(re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of secret is found.

    Attributes
    ----------
    name
        What it finds; the marks that replace secrets and the tables of findings show it.
    pattern
        What it looks like.
    group
        The group of the pattern that is the secret; None: the longest one of `SHORTEST` characters or more, else all of it.
    hints
        A text without any of them cannot match; in lower case where the pattern does not tell cases apart.
    scope
        Where it looks.
    begins
        A match begins where this one's do, which are few and far between; None: anywhere.
    believes
        (secret, its line) -> whether it may be one.
    """

    name: str
    pattern: re.Pattern[str]
    group: int | None = None
    hints: tuple[str, ...] = ()
    scope: Scope = "text"
    begins: re.Pattern[str] | None = None
    believes: Callable[[str, str], bool] = lambda secret, line: True

    def matches(self, part: str) -> Iterator[re.Match[str]]:
        """Where the pattern matches."""
        if self.begins is None:
            return self.pattern.finditer(part)
        tries = (self.pattern.match(part, begun.start()) for begun in self.begins.finditer(part))
        return (match for match in tries if match is not None)

    @property
    def ignores_case(self) -> bool:
        """The pattern does not tell cases apart as a whole."""
        return bool(self.pattern.flags & IGNORECASE)

    def can_match(self, text: str) -> bool:
        """Whether the text, in lower case if the rule ignores it, has what a match must have: quick to tell."""
        return not self.hints or any(hint in text for hint in self.hints)


EXTRA: Final = "redact"
SHORTEST: Final = 8
"""A shorter group is a prefix, such as `ghp`."""
KEY: Final = "Private Key"
"""The one secret of many lines."""
NOISY: Final = frozenset({"Public IP (ipv4)", KEY})
"""Rules of detect-secrets that are left out: an address is no secret, and of a private key it finds the first line only."""
ASSIGNMENT: Final = r"(?:(?<=\W)|(?<=^))"
"""How its patterns of assignments begin. They search slowly, and match within a line."""

HINTS: Final[dict[str, tuple[str, ...]]] = {
    "AWS Access Key": ("A3T", "ABIA", "ACCA", "AKIA", "ASIA", "aws"),
    "Artifactory Credentials": ("AKC", *(f"AP{char}" for char in "0123456789ABCDEF")),
    "Azure Storage Account access key": ("AccountKey=",),
    "Basic Auth Credentials": ("://",),
    "Cloudant Credentials": ("cloudant",),
    "Mailchimp Access Key": ("-us",),
    "NPM tokens": ("_authToken",),
    "OpenAI Token": ("T3BlbkFJ",),
    "Slack Token": ("xox", "hooks.slack.com"),
    "SoftLayer Credentials": ("softlayer",),
    "Stripe Access Key": ("k_live_",),
    "Telegram Bot Token": (":A",),  # all that were ever given out go on so
    "Twilio API Key": ("AC", "SK"),
}
"""What must be in a text for rules of detect-secrets to match, where they search slowly without. A test holds the two together."""

KEY_BODY: Final = (
    r"(?:(?:[\s→]|\\[rnt]|\\u2192)*+[\w-]{1,30}: [^\n\\]{0,200})*+(?:[A-Za-z0-9+/=\s→]|\\[rnt]|\\u2192)*+(?:-----END[ A-Z0-9]{0,40}-----)?"
)
"""Headers, base64 and end of a key; agents number the lines of files that they show, and JSON has `\\n` for their ends."""
NAME: Final = r"(?<![A-Z0-9_])[A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|PWD|CREDENTIAL)[A-Z0-9_]*"
OWN: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "Anthropic API Key": (r"sk-ant-[\w-]{20,}", ("sk-ant-",)),
    "OpenAI API Key": (r"sk-(?:proj|svcacct|admin)-[\w-]{20,}", ("sk-proj-", "sk-svcacct-", "sk-admin-")),
    "OpenRouter API Key": (r"sk-or-[\w-]{20,}", ("sk-or-",)),
    "Google API Key": (r"AIza[\w-]{35}", ("AIza",)),
    "Google OAuth Token": (r"(?:ya29\.|GOCSPX-)[\w-]{20,}", ("ya29.", "GOCSPX-")),
    "Hugging Face Token": (r"hf_[A-Za-z0-9]{30,}", ("hf_",)),
    "GitHub Fine-grained Token": (r"github_pat_\w{22,}", ("github_pat_",)),
    "NPM Access Token": (r"npm_[A-Za-z0-9]{36}", ("npm_",)),
    "Authorization Header": (
        r"(?i)authorization\\?[\"']?\s{0,4}[:=]\s{0,4}\\?[\"']?(?:bearer|basic|token)\s{1,4}([\w.~+/=-]{8,})",
        ("authorization",),
    ),
    KEY: (rf"-----BEGIN[ A-Z0-9]{{0,40}}PRIVATE KEY(?: BLOCK)?-----{KEY_BODY}", ("PRIVATE KEY",)),
}
"""Name -> pattern and hints of secrets that coding agents meet often and that detect-secrets 1.5 does not find."""
VARIABLES: Final = (rf"{NAME}\s?=\s?[\"']?([^\s\"'`;&|<>(){{}}]{{6,}})", rf"{NAME}: ?([^\s\"'`;,&|<>(){{}}]*\d[^\s\"'`;,&|<>(){{}}]{{5,}})")
"""Values of variables in capitals without quotes, as `env` and files called `.env` have them; detect-secrets wants quotes."""
PLAIN: Final = re.compile(r"[\d_.,]+|[~.]{0,2}/(?:[\w.-]+/)+[\w.-]*|\$.*|\*+.*|x+", re.IGNORECASE)
"""Values that are none: numbers, paths, other variables, what is hidden already."""


def rule_set(extra: Mapping[str, str | re.Pattern[str]] | None = None) -> tuple[Rule, ...]:
    """All rules: the built-in ones and a caller's own.

    Raises
    ------
    SessionFrameError
        detect-secrets is not installed.
    OptionError
        An own rule is no pattern, or has the name of another one.
    """
    built_in = built_in_rules()
    return (*built_in, *own_rules(extra or {}, {rule.name for rule in built_in}))


def own_rules(extra: Mapping[str, str | re.Pattern[str]], taken: Iterable[str]) -> Iterator[Rule]:
    """The caller's own rules."""
    for name, pattern in extra.items():
        if name in taken or not re.fullmatch(r"[\w ().+-]{1,60}", name):
            raise OptionError(f"rules: {name!r} is the name of another rule, or not made of letters, digits, blanks and . + - _ ( ).")
        try:
            yield Rule(name, re.compile(pattern))
        except re.error as problem:
            raise OptionError(f"rules: the pattern of {name!r} is no regular expression: {problem}.") from None


@cache
def built_in_rules() -> tuple[Rule, ...]:
    """The rules of detect-secrets and those beside them."""
    if find_spec("detect_secrets") is None:
        raise SessionFrameError(
            "finding secrets needs the rules of detect-secrets, which is not installed. "
            f"Install them with: pip install 'sessionframe[{EXTRA}]'"
        )
    own = (Rule(name, re.compile(pattern), hints=hints, scope="all" if name == KEY else "text") for name, (pattern, hints) in OWN.items())
    variables = (Rule("Secret Variable", re.compile(pattern), 1, scope="line", believes=is_value) for pattern in VARIABLES)
    return (*own, *variables, *keyword_rules(), *detector_rules())


def detector_rules() -> Iterator[Rule]:
    """The rules of detect-secrets that are patterns; the ones that measure randomness call every hash and every id a secret."""
    known: dict[str, Any] = import_module("detect_secrets.core.plugins.util").get_mapping_from_secret_type_to_class()
    for name, detector in sorted(known.items()):
        patterns = getattr(detector, "denylist", ())
        if name in NOISY or not isinstance(patterns, list | tuple):
            continue
        for pattern in patterns:
            in_lines = pattern.pattern.startswith(ASSIGNMENT)
            yield Rule(name, pattern, hints=() if in_lines else HINTS.get(name, ()), scope="line" if in_lines else "text")


def keyword_rules() -> Iterator[Rule]:
    """Its rules for names such as `password` before a value in quotes.

    All but one begin with such a name and whatever follows it in the word. Tried at each of a thousand names in one word, they would
    read the rest of the word a thousand times; so they are tried at the first.
    """
    keyword = import_module("detect_secrets.plugins.keyword")
    words = tuple(word.replace("_?", mark) for word in keyword.DENYLIST for mark in dict.fromkeys(("", "_" if "_?" in word else "")))
    first = re.compile(rf"(?:{'|'.join(keyword.DENYLIST)})\w*+", re.IGNORECASE)
    for pattern, group in keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP.items():
        at_name = pattern.pattern.startswith(f"({keyword.DENYLIST[0]}")
        hints = words if pattern.flags & IGNORECASE else ()
        yield Rule(keyword.KeywordDetector.secret_type, pattern, group, hints, "line", begins=first if at_name else None, believes=is_value)


def is_value(secret: str, line: str) -> bool:
    """Neither a number, a path nor a placeholder, nor the call of a function: with the judgement of detect-secrets."""
    told = import_module("detect_secrets.filters.heuristic")
    return not (PLAIN.fullmatch(secret) or told.is_templated_secret(secret) or is_call(line))


@lru_cache(maxsize=4)
def is_call(line: str) -> bool:
    """A line that asks a function for a value; asked once for all that is found in the line."""
    return bool(import_module("detect_secrets.filters.heuristic").is_indirect_reference(line))

"""Text and rules go in, the places of secrets come out, in time that grows with the length of the text whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from sessionframe.analysis._secret_rules import SHORTEST, Rule

STRETCH: Final = 8192
OVERLAP: Final = 2048
"""A text is searched in stretches, so that a hostile one costs a time that grows with its length, not with its square. They end at
the end of a line; where there is none, they overlap by this much [characters]."""
LINE: Final = 512
LINE_OVERLAP: Final = 128
ASSIGNED: Final = ("key", "pass", "pw", "token", "secret", "credential", "contrase")
"""What a line must have for the rules of lines."""
REST: Final = re.compile(r"[\w.+/=~-]*")
AROUND: Final = " \t\r\n\"'`=:,;"
"""What patterns match around a secret and is none of it."""
PREFIX: Final = "[redacted: "


class Place(NamedTuple):
    """Where a secret is: from, to (not included), by which rule."""

    start: int
    end: int
    rule: str


def mark(rule: str) -> str:
    """What stands in the place of a secret."""
    return f"{PREFIX}{rule}]"


def places(text: str, rules: Sequence[Rule]) -> list[Place]:
    """The secrets of a text in order; of two that overlap, they are one place, by the rule that begins first, or finds more."""
    flat = flattened(text)
    found = [place for start, end in stretches(flat) for place in (*searched(text, start, end, rules), *assigned(flat, start, end, rules))]
    for rule in rules:
        if rule.scope == "all" and rule.can_match(text):
            found.extend(matches(text, 0, text, rule))
    if not found:
        return []
    names = "|".join(re.escape(name) for name in {rule.name for rule in rules})
    marks = [(at.start(), at.end()) for at in re.finditer(rf"\[redacted: (?:{names})\]", text)]
    new = (place for place in found if not any(start < place.end and place.start < end for start, end in marks))
    return merged(sorted(new, key=lambda place: (place.start, -place.end)))  # sorting keeps the order of the rules


def merged(found: Iterable[Place]) -> list[Place]:
    """Places that do not overlap."""
    result: list[Place] = []
    for place in found:
        if result and place.start < result[-1].end:
            result[-1] = result[-1]._replace(end=max(place.end, result[-1].end))
        else:
            result.append(place)
    return result


def redacted(text: str, found: Sequence[Place]) -> str:
    """The text with marks in the places of secrets."""
    ends = [0, *(place.end for place in found)]
    starts = [*(place.start for place in found), len(text)]
    kept = [text[end:start] for end, start in zip(ends, starts, strict=True)]
    return "".join(part for pair in zip(kept, (*(mark(place.rule) for place in found), ""), strict=True) for part in pair)


def flattened(text: str) -> str:
    """The text with the quotes and line ends that JSON has written as two characters, in as many characters: places stay what they are."""
    if "\\" not in text:
        return text
    return text.replace('\\":', '"":').replace('\\"', ' "').replace("\\n", " \n")


def stretches(text: str) -> Iterator[tuple[int, int]]:
    """Where each stretch begins and ends."""
    start, length = 0, len(text)
    while start < length:
        end = min(start + STRETCH, length)
        line_end = text.rfind("\n", start, end) if end < length else -1
        if line_end > start:
            yield start, line_end + 1
            start = line_end + 1
        else:
            yield start, end
            start = end if end == length else end - OVERLAP


def searched(text: str, start: int, end: int, rules: Sequence[Rule]) -> Iterator[Place]:
    """What the rules of texts find in a stretch."""
    part = text[start:end]
    low = lowered(part)
    for rule in rules:
        if rule.scope == "text" and rule.can_match(low if rule.ignores_case else part):
            yield from matches(part, start, text, rule)


def assigned(text: str, start: int, end: int, rules: Sequence[Rule]) -> Iterator[Place]:
    """What the rules of lines find in a stretch."""
    part = text[start:end]
    low = lowered(part)
    by_line = [rule for rule in rules if rule.scope == "line"]
    for line_start, line_end in lines(low):
        line, low_line = part[line_start:line_end], low[line_start:line_end]
        for rule in by_line:
            if rule.can_match(low_line if rule.ignores_case else line):
                yield from matches(line, start + line_start, text, rule)


def lowered(part: str) -> str:
    """A text in lower case, as long as it was."""
    low = part.lower()
    return low if len(low) == len(part) else "".join(char if len(char.lower()) > 1 else char.lower() for char in part)


def lines(low: str) -> Iterator[tuple[int, int]]:
    """The lines of a text in lower case that may assign a secret to a name; long ones in pieces."""
    done = 0
    for at in sorted({at for word in ASSIGNED for at in positions(word, low)}):
        while at >= done:
            start = max(low.rfind("\n", 0, at) + 1, at - LINE_OVERLAP)
            line_end = low.find("\n", at)
            end = min(start + LINE, line_end if line_end >= 0 else len(low))
            yield start, end
            done = end if end in {line_end, len(low)} else end - LINE_OVERLAP


def positions(word: str, low: str) -> Iterator[int]:
    """Where a word is in a text."""
    at = low.find(word)
    while at >= 0:
        yield at
        at = low.find(word, at + 1)


def matches(part: str, offset: int, text: str, rule: Rule) -> Iterator[Place]:
    """What one rule finds in a part of a text."""
    for match in rule.matches(part):
        start, end = span_of(match, rule)
        while start < end and part[start] in AROUND:
            start += 1
        while end > start and part[end - 1].isspace():
            end -= 1
        if start < end and rule.believes(part[start:end], part):
            stop = offset + end
            rest = REST.match(text, stop) if end == len(part) else None  # the part ends, the secret may not
            yield Place(offset + start, rest.end() if rest else stop, rule.name)


def span_of(match: re.Match[str], rule: Rule) -> tuple[int, int]:
    """The secret within what a pattern matched."""
    if rule.group is not None:
        return match.span(rule.group)
    groups = [match.span(number) for number in range(1, (match.lastindex or 0) + 1)]
    longest = max(groups, key=lambda span: span[1] - span[0], default=(0, 0))
    return longest if longest[1] - longest[0] >= SHORTEST else match.span()

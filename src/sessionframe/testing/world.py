"""The invented world of synthetic homes: a user, projects and what is said about them. Every agent works on the same projects."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sessionframe.testing.chance import Chance

HOME = "/home/demo"
"""Home folder of the invented user."""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder that somebody works in.

    Attributes
    ----------
    name, share
        Its folder's name, and how much of the work happens there.
    branches, files, commands
        Git branches, source files, and shell commands that make sense there.
    errands
        First prompts, each with the title that an agent would give the session.
    """

    name: str
    share: float
    branches: tuple[str, ...]
    files: tuple[str, ...]
    commands: tuple[str, ...]
    errands: tuple[tuple[str, str], ...]

    @property
    def root(self) -> str:
        """The working directory."""
        return f"{HOME}/code/{self.name}"

    def worktree(self, name: str) -> str:
        """A git worktree as agents make them."""
        return f"{self.root}/.claude/worktrees/{name}"


PROJECTS = (
    Project(
        name="shop",
        share=0.36,
        branches=("main", "feature/coupons", "fix-cart", "checkout-v2"),
        files=("src/shop/cart.py", "src/shop/price.py", "src/shop/checkout.py", "tests/test_cart.py", "tests/test_price.py", "README.md"),
        commands=("pytest -q", "ruff check .", "git status --short", "git diff --stat", "python -m shop.seed", "make lint"),
        errands=(
            ("The cart total is off by a cent when a coupon applies. Find out why.", "Fix cart rounding"),
            ("Add a total row below the cart table.", "Cart total row"),
            ("Write tests for prices in crowns and euros (kr, €).", "Tests for currencies"),
            ("Checkout takes three seconds. Profile it and tell me where the time goes.", "Profile checkout"),
            ("Move the tax rules out of the template.", "Extract tax rules"),
            ("Customers cannot enter “Ærø” as a town. Fix the validation.", "Town names beyond ASCII"),
            ("Show the delivery date on the receipt.", "Delivery date on receipts"),
            ("Two coupons can be combined, but only one should count.", "One coupon per order"),
            ("Remove the old payment form, nobody uses it.", "Remove old payment form"),
            ("Order confirmation mails arrive twice. Why?", "Duplicate confirmation mails"),
            ("Make the price filter work without a page load.", "Price filter without reload"),
            ("Translate the checkout into French: “Commander”, “Déjà payé”.", "French checkout"),
        ),
    ),
    Project(
        name="atlas-api",
        share=0.26,
        branches=("main", "tiles-cache", "v3-routes"),
        files=("api/routes.ts", "api/tiles.ts", "api/cache.ts", "test/tiles.test.ts", "docs/routes.md", "package.json"),
        commands=("npm test", "npm run build", "npx tsc --noEmit", "git log --oneline -5", "curl -s localhost:8080/health", "npm run lint"),
        errands=(
            ("Tiles above zoom 14 are never cached. Please look into it.", "Cache tiles above zoom 14"),
            ("Add a route that returns the bounding box of a country.", "Bounding box route"),
            ("Document every route in docs/routes.md.", "Document the routes"),
            ("The health check says ok while the store is down.", "Honest health check"),
            ("Upgrade to the new router and keep the old paths alive.", "Upgrade the router"),
            ("Limit requests per key, with a clear error when it is too much.", "Rate limit per key"),
            ("Return distances in metres everywhere.", "Distances in metres"),
            ("The build takes four minutes. What can run side by side?", "Faster build"),
            ("Write a load test for the tile route.", "Load test for tiles"),
        ),
    ),
    Project(
        name="notes-app",
        share=0.18,
        branches=("main", "sync", "dark-mode"),
        files=("lib/editor.dart", "lib/sync.dart", "lib/theme.dart", "test/sync_test.dart", "pubspec.yaml"),
        commands=("flutter test", "dart analyze", "dart format lib", "git stash list", "flutter build web"),
        errands=(
            ("Two devices overwrite each other's notes. Think about the merge first.", "Merge notes of two devices"),
            ("Dark mode: the cursor is black on black.", "Cursor in dark mode"),
            ("Search should find “naive” in “naïve”.", "Search without accents"),
            ("Make the editor keep its scroll position.", "Keep scroll position"),
            ("Export a note as plain text, tables included.", "Plain text export"),
            ("Tags with spaces are cut at the first one.", "Tags with spaces"),
        ),
    ),
    Project(
        name="infra",
        share=0.12,
        branches=("main", "backup-rotation"),
        files=("modules/backup/main.tf", "modules/dns/main.tf", "hosts/web.yml", "scripts/rotate.sh", "README.md"),
        commands=("terraform plan -no-color", "ansible-lint", "shellcheck scripts/rotate.sh", "git diff", "df -h"),
        errands=(
            ("Keep seven daily and four weekly backups, not all of them.", "Rotate backups"),
            ("Why does the plan want to replace the DNS zone?", "DNS zone replacement"),
            ("Write a runbook for restoring the database.", "Runbook for restores"),
            ("Rotate the log files before the disk is full.", "Rotate log files"),
            ("Renew certificates a month earlier.", "Earlier certificate renewal"),
        ),
    ),
    Project(
        name="papers",
        share=0.08,
        branches=("main",),
        files=("chapters/method.tex", "chapters/results.tex", "figures/plot.py", "refs.bib"),
        commands=("latexmk -pdf main.tex", "python figures/plot.py", "wc -w chapters/method.tex", "git status"),
        errands=(
            ("Check that every figure is mentioned in the text.", "Figures mentioned in text"),
            ("Redraw figure 3 with error bars (± 5 %).", "Figure 3 with error bars"),
            ("Shorten the method section by a third.", "Shorter method section"),
        ),
    ),
)
"""Five projects of one person."""

FOLLOW_UPS = (
    "Run the tests again.",
    "Looks good. Commit it with a short message.",
    "Why is that needed?",
    "Do the same for the other file.",
    "Please keep the old behaviour behind a flag.",
    "Not quite: the second case still fails.",
    "Explain the change in two sentences.",
    "Use the simple version first.",
    "And the documentation?",
    "Rename it, the name says nothing.",
    "Undo the last edit and try without a cache.",
    "Good. What is left?",
    "Can this be shorter?",
    "Add a test that fails without the fix.",
    "Check what happens with an empty list, and with “日本語”.",
)
"""What the user says after the first answer."""

QUEUED = ("Also update the changelog.", "Wait for CI before you push.", "And mention the issue number → 42.")
"""What the user types while the agent works."""

ANSWERS = (
    "I look at the code first.",
    "The value is rounded twice: once per row and once in the total.",
    "Both tests pass now.",
    "I found the place; the fix is one line.",
    "The old name stays as an alias.",
    "Done. Nothing else uses it.",
    "That failed: the module is imported somewhere else.",
    "Let me check who calls this.",
    "The cache key lacks the zoom level, so every tile misses.",
    "Here is the plan: read, change, test.",
    "It works for “naïve”, “Ærø” and “日本語” ✓",
    "One more place needs the same change.",
)
"""What an agent says beside its tool calls."""

SUB_ERRANDS = (
    ("Explore", "Find callers", "List every caller of the changed function, with file and line."),
    ("Explore", "Map the module", "Describe what each file of the module does, one line each."),
    ("general-purpose", "Check the history", "Find out in the git log when and why this was changed."),
    ("Plan", "Plan the change", "Make a plan with at most five steps. Change nothing."),
)
"""What an agent hands to a sub-agent: its type, a short description, the prompt."""

SERVERS = (("github", "get_issue"), ("github", "list_pull_requests"), ("github", "create_comment"), ("tracker", "search"))
"""MCP servers and their tools."""

WORDS = tuple(  # of lines that look like source code
    re.findall(
        r"\w+",
        """
        cart total price row cache tile zoom route sync note theme backup zone figure table index value list item error retry timeout
        parse load store merge query result config client server test build branch commit token session field width größe naïve café
        """,
    )
)


class Prose:
    """Text of any length that costs little to make: slices of one long invented text.

    Parameters
    ----------
    chance
        What decides the text.
    lines
        How many lines are invented; everything is cut from these.
    """

    def __init__(self, chance: Chance, lines: int) -> None:
        self._chance = chance
        self._code = "".join(code_line(chance) for _ in range(lines))

    def code(self, characters: int) -> str:
        """Whole lines of something that looks like source code, about as many characters as asked for."""
        most = len(self._code)
        if characters >= most:
            return (self._code * (characters // most + 1))[:characters]
        start = self._chance.between(0, most - characters)
        start = self._code.rfind("\n", 0, start) + 1
        end = self._code.find("\n", start + characters)
        return self._code[start : end + 1 if end >= 0 else most]


def code_line(chance: Chance) -> str:
    """A line with an indent and some words."""
    words = " ".join(chance.pick(WORDS) for _ in range(chance.between(2, 9)))
    return " " * (4 * chance.between(0, 2)) + words.replace(" ", " = ", 1) + "\n"

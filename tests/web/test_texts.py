"""All texts of the site stand in one place, ``web/texts``, and all of them are said."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment, nodes

from web.texts import FORMS, PAGES, say, tell

WEB = Path(__file__).parents[2] / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
MODULES = sorted((WEB / "static" / "js").glob("*.js"))
STYLES = sorted((WEB / "static" / "css").glob("*.css"))
KEY = re.compile(r'"([a-z_]+\.[\w-]+)"')
BEGINNING = re.compile(r'"([a-z_]+\.\w*)" ~|[f`]"?([a-z_]+\.\w*)\$?\{')
"""Keys whose end is only known when they are said."""
SAID = re.compile(r'\b(?:say|tell)\(\s*"([\w.-]+)"[,)]')
JINJA = re.compile(
    r"\{% block main_class %\}[\w-]+\{% endblock %\}|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL
)
SHOWN_ATTRIBUTES = frozenset({"alt", "aria-label", "content", "data-label", "placeholder", "title"})
SENTENCE = re.compile(r"""(["'`])[A-Z][a-z']* [a-z][^\n]*\1""")
REFUSING = ("abort", "RefusedError", "_malformed", "ConnectionRefusedError", "ClosedError")
"""What tells a person, or whoever uses the JSON interface, that something cannot be done."""
WORD = re.compile(r"[A-Za-z]{2,}")


def test_a_text_is_marked_up_and_what_fills_it_is_escaped():
    shown = say("submission.entered", round=3, address="/rounds/3")
    assert shown == '<a href="/rounds/3">Round 3</a> has it in its field.'
    assert say("submit.you", name="<b>") == "You are <b>&lt;b&gt;</b>"
    assert tell("game.won_in", name="<b>", plies="2 plies") == "<b> won in 2 plies"


@pytest.mark.parametrize(("count", "text"), [(1, "1 model in"), (0, "0 models in")])
def test_a_number_chooses_between_two_forms(count: int, text: str):
    assert tell("round.entered", count=count) == text


def test_a_text_that_nobody_wrote_is_an_error():
    with pytest.raises(KeyError):
        say("home.no_such_text")


def check_all_are_said(keys: set[str], files: Iterable[Path]) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    missing = set(SAID.findall(source)) - keys
    assert missing == set()
    beginnings = tuple(first or second for first, second in BEGINNING.findall(source))
    idle = {key for key in keys - set(KEY.findall(source)) if not key.startswith(beginnings)}
    assert idle == set()


def test_the_pages_say_every_text_and_no_other():
    keys = {key.rsplit(".", 1)[0] if key.rsplit(".", 1)[1] in FORMS else key for key in PAGES}
    check_all_are_said(keys, [*TEMPLATES, *WEB.glob("*.py")])


def test_the_modules_say_every_text_and_no_other():
    texts = json.loads((WEB / "texts" / "browser.json").read_text(encoding="utf-8"))
    check_all_are_said(set(texts), MODULES)


def slots_of(key: str) -> set[str] | None:
    """What has to fill a text, or None where there is no such text."""
    forms = [key] if key in PAGES else [f"{key}.{form}" for form in sorted(FORMS)]
    if any(form not in PAGES for form in forms):
        return None
    slots = {slot for form in forms for _, slot, *_ in Formatter().parse(PAGES[form]) if slot}
    links = {slot for form in forms for slot in re.findall(r"\]\((\w+)\)", PAGES[form])}
    return slots | links | ({"count"} if len(forms) == 2 else set())


def told_in_templates(path: Path) -> Iterator[tuple[str, set[str]]]:
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "say":
            for key in call.args[0].find_all(nodes.Const):
                yield str(key.value), {keyword.key for keyword in call.kwargs}
            if isinstance(call.args[0], nodes.Const):
                yield str(call.args[0].value), {keyword.key for keyword in call.kwargs}


def calls_in(path: Path, *names: str) -> Iterator[ast.Call]:
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names:
            yield call


def told_in_python(path: Path) -> Iterator[tuple[str, set[str]]]:
    for call in calls_in(path, "say", "tell", "RefusedError", "_malformed"):
        prefix = "" if call.func.id in {"say", "tell"} else "refusal."  # type: ignore[attr-defined]
        text = call.args[1 if call.func.id == "RefusedError" else 0]  # type: ignore[attr-defined]
        for key in ast.walk(text) if not isinstance(text, ast.JoinedStr) else ():
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield prefix + key.value, {keyword.arg or "" for keyword in call.keywords}


def test_whoever_says_a_text_fills_all_its_slots():
    told = [
        *(said for path in TEMPLATES for said in told_in_templates(path)),
        *(said for path in WEB.glob("*.py") for said in told_in_python(path)),
    ]
    lacking = {
        key: slots - given
        for key, given in told
        if (slots := slots_of(key)) is not None and not slots <= given
    }
    assert len(told) > 250
    assert lacking == {}
    refusals = {key for key in PAGES if key.startswith("refusal.")}
    assert refusals - {key for key, _ in told} == set()


@pytest.mark.parametrize("path", sorted(WEB.glob("*.py")), ids=lambda path: path.stem)
def test_refusals_hold_no_text_of_their_own(path: Path):
    told = [
        argument
        for call in calls_in(path, *REFUSING)
        for argument in call.args
        if not ast.unparse(argument).startswith("tell(")
        and any(
            isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value
            for part in ast.walk(argument)
        )
    ]
    assert [ast.unparse(argument) for argument in told] == []


class Shown(HTMLParser):
    """Collects what a template itself would show."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside.append(tag)
        if tag != "meta" or not _is_for_machines(attrs):
            self.words += [text or "" for name, text in attrs if name in SHOWN_ATTRIBUTES]

    def handle_data(self, data: str) -> None:
        if self._inside[-1:] != ["kbd"] and "<iframe" not in data:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass


def _is_for_machines(attrs: list[tuple[str, str | None]]) -> bool:
    known = dict(attrs)
    told = known.get("name") or known.get("property") or known.get("http-equiv") or ""
    return told in {
        *("viewport", "theme-color", "og:type", "og:image:width", "og:image:height"),
        *("twitter:card", "refresh", "Content-Security-Policy"),
    }


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_hold_no_text_of_their_own(path: Path):
    shown = Shown()
    shown.feed(JINJA.sub("", path.read_text(encoding="utf-8")))
    assert [word for word in shown.words if WORD.search(word)] == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.stem)
def test_styles_hold_no_text_of_their_own(path: Path):
    written = re.findall(r'content: *"([^"]*)"', path.read_text(encoding="utf-8"))
    assert [text for text in written if WORD.search(text)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_modules_hold_no_sentence_of_their_own(path: Path):
    code = re.sub(r"/\*.*?\*/|^\s*//.*$", "", path.read_text(encoding="utf-8"), flags=re.S | re.M)
    assert SENTENCE.findall(code) == []

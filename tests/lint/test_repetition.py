"""Nothing is said twice: no two documents share a sentence or a row of a table."""

import pytest
import repetition
import tree

pytestmark = pytest.mark.quick

EXCEPTIONS = {"README.ko.md": "a translation: it has the README's code and numbers"}

SENTENCE = "A tick that dies leaves the lease taken for 45 seconds, and then the next one begins."
ROW = "| `lanes` | at most ten of them, one named `default` | a queue each |"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"# One\n\n{SENTENCE}\n", f"# Other\n\nFirst. {SENTENCE} Last.\n"),
        (f"# One\n\n{SENTENCE}\n", f"# Other\n\n- {SENTENCE.replace(' the lease', chr(10) + '  the [lease](a.md)')}\n"),
        (f"# One\n\n| a | b | c |\n| --- | --- | --- |\n{ROW}\n", f"# Other\n\n1. Item:\n\n   {ROW.replace(' | ', '  |  ')}\n"),
    ],
)
def test_a_text_in_two_documents_is_found(one: str, other: str) -> None:
    (places,) = repetition.twice({"one.md": one, "other.md": other}).values()
    assert [place.partition(":")[0] for place in places] == ["one.md", "other.md"]


@pytest.mark.parametrize(
    "text",
    [
        "The next one begins after a tick that dies.",
        "| what you see | cause | fix |",
        f"```text\n{SENTENCE}\n```",
        f"<!-- BEGIN_TF_DOCS -->\n{ROW}\n<!-- END_TF_DOCS -->",
        f"<!-- begin metrics -->\n\n{ROW}\n\n<!-- end metrics -->",
        f"<!-- written by scripts/variables -->\n\n{SENTENCE}",
    ],
)
def test_a_short_text_and_code_and_written_tables_are_let_through(text: str) -> None:
    assert repetition.twice({"one.md": f"# One\n\n{text}\n", "other.md": f"# Other\n\n{text}\n"}) == {}


def test_a_planted_sentence_is_found_beside_the_documents() -> None:
    planted = {**tree.documents(), "docs/planted.md": f"# Planted\n\n{SENTENCE}\n\n{SENTENCE}\n", "docs/other.md": SENTENCE}
    (words,) = set(repetition.twice(planted)) - set(repetition.twice(tree.documents()))
    assert words == SENTENCE


def test_nothing_is_said_twice() -> None:
    documents = {name: text for name, text in tree.documents().items() if name not in EXCEPTIONS}
    assert len(documents) == len(tree.documents()) - len(EXCEPTIONS)
    assert repetition.twice(documents) == {}

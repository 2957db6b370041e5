"""Nothing is left to be written: no placeholder in a document or a comment."""

import placeholders
import prose
import pytest
import reference
import tree

pytestmark = pytest.mark.quick

OTHERS = {"other.md": "SQS holds a million messages, and the AWS of the demo commits them: a commit each."}


def found(text: str) -> list[str]:
    documents = {name: prose.without_code(document) for name, document in {"one.md": text, **OTHERS}.items()}
    capitals = [word for name, _, word in placeholders.in_capitals(documents) if name == "one.md"]
    return capitals + [word for _, word in placeholders.unwritten(documents["one.md"])]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("| a | b |\n| --- | --- |\n| 1 | 2 |\nMILLION\n| 3 | 4 |", ["MILLION"]),
        ("measured at commit COMMIT on a machine", ["COMMIT"]),
        ("| filled | FILLMET |", ["FILLMET"]),
        ("SIZES", ["SIZES"]),
        ("That is TBD, and ??? too.", ["TBD", "???"]),
        ("Todo: more. Lorem ipsum.", ["Todo", "Lorem ipsum"]),
    ],
)
def test_a_placeholder_is_found(text: str, words: list[str]) -> None:
    assert found(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "From SQS by IAM, and by SQS again.",
        "| AWS | SQS |",
        "The row is `DEAD`.\n\n```sh\nCOMMIT\n```",
        'AWS says "the COMMIT that a MILLION has".',
        "Every attribute goes by a placeholder; what is there todo is a field.",
    ],
)
def test_abbreviations_code_and_others_words_are_none(text: str) -> None:
    assert found(text) == []


def test_no_document_has_one() -> None:
    texts = {name: prose.without_code(reference.without(text)) for name, text in tree.documents().items()}
    assert len(texts) > 40
    assert list(placeholders.in_capitals(texts)) == []


def test_no_document_and_no_comment_says_that_something_is_missing() -> None:
    texts = {**tree.documents(), **tree.code()}
    own = {f"tests/lint/{name}.py" for name in ("placeholders", "test_placeholders")}
    missing = {name: list(placeholders.unwritten(prose.of(name, text))) for name, text in texts.items() if name not in own}
    assert {name: words for name, words in missing.items() if words} == {}

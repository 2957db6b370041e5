"""Each message by which Terraform refuses names the given value and the remedy, in short sentences."""

import pytest
import refusals
import tree

pytestmark = pytest.mark.quick

# Messages that are made elsewhere, or whose value is that an attribute is given.
OTHERWISE = {
    "local._misspelt": "spelling.tf makes these messages; test_spelling.py reads them",
    "handlers.manifest names zips": "the attributes that are given are named",
}


def found(name: str, text: str) -> list[str]:
    """Faults of a file, by line."""
    return [
        f"{name}:{refusal.line}: {fault}"
        for refusal in refusals.refusals(text)
        for fault in refusals.faults(refusal)
        if not any(each in refusal.words + "".join(refusal.inserted) for each in OTHERWISE)
    ]


def terraform() -> dict[str, str]:
    return {name: text for name, text in tree.texts().items() if name.endswith(".tf")}


@pytest.mark.parametrize(
    ("message", "faults"),
    [
        ('"size = ${var.size}: S3 has no such object. Give 1 or more."', []),
        ('"fifo = true has no lanes: leave one out."', []),
        ('"lanes is empty. Name one."', []),
        ('"${join(", ", [for key in keys(var.a) : "\\"${key}\\"" if key != "}"])} is no key: ${module.forms.key_remedy}"', []),
        ('"${var.a == null ? "Give a." : "Leave a out."}"', []),
        ('"The size is no whole number. Give one."', ["it does not name the given value"]),
        ('"size = ${var.size}: S3 has no such object."', ["it has no remedy"]),
        ('"Sizes are given: ${var.a}."', ["it has no remedy"]),
        ('"No queue can be named ${var.name}."', ["it has no remedy"]),
        ('<<-EOT\n      ${var.a} is no \\ of "it".\n      Give another.\n    EOT', []),
        ("<<-EOT\n      It is none.\n    EOT", ["it does not name the given value", "it has no remedy"]),
        ('join("", local.a)', ["it has no remedy"]),
        (f'"{"word " * 26}${{var.a}}. Give it."', ["too long"]),
        ('"Give what ${var.a} names."', ["what: name the noun"]),
    ],
)
def test_a_message_that_lacks_something_is_found(message: str, faults: list[str]) -> None:
    read = found("a.tf", f'  validation {{\n    condition     = true\n    error_message = {message}\n  }}\n  b = "${{c}}"\n')
    assert len(read) == len(faults)
    assert all(each.startswith(f"a.tf:3: {fault}") for fault, each in zip(faults, read))


def test_every_refusal_names_the_value_and_the_remedy() -> None:
    assert [each for name, text in terraform().items() for each in found(name, text)] == []


def test_no_message_is_overlooked() -> None:
    texts = "".join(terraform().values())
    assert len(list(refusals.refusals(texts))) == texts.count("error_message") > 250
    assert [each for each in OTHERWISE if each not in texts] == []

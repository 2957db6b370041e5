"""Every file and every test that a document or a comment names is there."""

import citations
import prose
import pytest
import tree

pytestmark = pytest.mark.quick

TREE = citations.Tree(
    {
        "docs/glue.md": "",
        "tests/scripts/test_replay.py": "def test_all() -> None:\n    write('x')\n",
        "handlers/spillway/src/message/fifo.rs": "fn ids_are_what_sqs_takes() {}",
        "scripts/demo": "#!/usr/bin/env bash",
        ".gitignore": "/target\n/terraform/dist\n",
        "scripts/pipeline/overlay.py": 'NAME = "emulator_override.tf"',
    }
)


def found(text: str, citing: str = "docs/one.md") -> list[str]:
    shells = frozenset({"sh"})
    return [name for _, name in citations.dead(TREE, citing, prose.of(citing, text, lambda it: prose.without_fences(it, shells)))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("By `tests/scripts/test_redrive.py`, compared.", ["tests/scripts/test_redrive.py"]),
        ("It is in scripts/pipeline/nothing.", ["scripts/pipeline/nothing"]),
        ("See [there](../docs/glue.md) and `docs/*.txt`.", ["docs/*.txt"]),
        ("Caught by `budgets.rs`.", ["budgets.rs"]),
        ("`handlers/spillway/src/message/fifo.rs::no_such_test`", ["handlers/spillway/src/message/fifo.rs::no_such_test"]),
        ("`test_replay.py::test_none[a-b]`", ["test_replay.py::test_none"]),
        ("```sh\nscripts/demolish\n```", ["scripts/demolish"]),
    ],
)
def test_what_is_not_there_is_found(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "`tests/scripts/test_replay.py::test_all` and `fifo.rs::ids_are_what_sqs_takes`, with `scripts/demo --keep`.",
        "`handlers/*/src/message/fifo.rs`, handlers/<handler>/src, `pipeline/overlay.py`; its `emulator_override.tf` is written.",
        'Yours:\n\n```hcl\nmanifest = file("handlers/handlers.json")\n```',
        "[`app.py`](https://example.com/source/app.py), and https://example.com/docs/nothing.md",
    ],
)
def test_what_is_there_or_elsewhere_is_not(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("citing", "text"),
    [
        ("handlers/spillway/src/message/fifo.rs", "/// See `tests/gone.rs`.\nfn f() {}"),
        ("scripts/pipeline/a.py", 'def f():\n    """As tests/gone.rs says."""'),
        ("terraform/main.tf", "# tests/gone.rs\nlocals {}"),
        ("scripts/demo", "#!/usr/bin/env bash\nexit 0 # tests/gone.rs"),
    ],
)
def test_comments_of_every_language_cite(citing: str, text: str) -> None:
    assert found(text, citing) == ["tests/gone.rs"]


@pytest.mark.parametrize(
    ("citing", "text"),
    [
        ("handlers/spillway/src/message/fifo.rs", 'const A: &str = "tests/gone.rs";'),
        ("scripts/pipeline/a.py", 'KEY = "scripts/gone.py"'),
        ("terraform/main.tf", 'key = "scripts/gone.py"'),
    ],
)
def test_code_does_not(citing: str, text: str) -> None:
    assert found(text, citing) == []


def test_what_git_ignores_by_its_path_is_written_by_a_script() -> None:
    assert found("Into terraform/dist and terraform/gone.") == ["terraform/gone"]


def test_nothing_that_is_cited_is_missing() -> None:
    every = citations.Tree(tree.texts())
    shells = frozenset({"sh"})
    dead = {}
    for name, text in {**tree.documents(), **tree.code()}.items():
        if not name.startswith("tests/lint/"):
            dead[name] = list(citations.dead(every, name, prose.of(name, text, lambda it: prose.without_fences(it, shells))))
    assert len(dead) > 500
    assert {name: cited for name, cited in dead.items() if cited} == {}

"""Each log line of the handlers is a sentence with its subject."""

import logs
import pytest
import tree

pytestmark = pytest.mark.quick


def handlers() -> dict[str, str]:
    names = {name for name in tree.texts() if name.startswith("handlers/") and name.endswith(".rs")}
    return {name: text for name, text in tree.texts().items() if name in names}


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ('warn!("{problem}");', []),
        ('warn!(key = "a (b", "a start was throttled: {}", why(it));', []),
        ('info!(\n    key,\n    "the lease \\\n     is taken"\n);', []),
        ('warn!(execution, reason, "throttled");', ["a.rs:2: no sentence: throttled"]),
        ('error!("{what} failed");', ["a.rs:2: no sentence: {what} failed"]),
        ('error!("the lease was lost: is the clock right?");', ["a.rs:2: a question: the lease was lost: is the clock right?"]),
        ("error!(key);", ["a.rs:2: no sentence: "]),
    ],
)
def test_a_line_that_says_too_little_is_found(line: str, faults: list[str]) -> None:
    assert list(logs.faults("a.rs", f'fn a() {{\n    {line}\n    b("c");\n}}\n')) == faults


def test_every_log_line_is_a_sentence() -> None:
    assert [fault for name, text in handlers().items() for fault in logs.faults(name, text)] == []


def test_the_lines_are_found() -> None:
    assert sum(len(list(logs.lines(text))) for text in handlers().values()) > 50

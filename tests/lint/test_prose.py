"""Text that is read keeps its place in the file: lines keep their numbers."""

import prose
import pytest
import tree

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("a.md", "one `two` ``three ` four``\n```sh\nfive\n```\nsix", ["one", "six"]),
        ("a.md", "- one\n  ```\n  two\n  ```\n- three `four\n  five` six", ["-", "one", "-", "three", "six"]),
        (
            "a.rs",
            '//! one\nlet a = "// two"; // three\n/* four */ let b = \'"\'; // five',
            ["//!", "one", "//", "three", "/*", "four", "*/", "//", "five"],
        ),
        ("a.rs", 'let a = r#"// one " // two"#; // three', ["//", "three"]),
        ("a.py", '"""one"""\na = "two # three" # four\nb = """five"""', ['"""one"""', "#", "four"]),
        ("a.tf", 'a = "b" # one\n# two', ["#", "one", "#", "two"]),
        ("a.js", 'const a = "https://b"; // one', ["//", "one"]),
        ("a", "#!/bin/sh\necho ${a#b} # one", ["#!/bin/sh", "#", "one"]),
    ],
)
def test_prose_is_what_is_no_code(name: str, text: str, read: list[str]) -> None:
    assert prose.of(name, text).split() == read


def test_lines_keep_their_numbers() -> None:
    texts = {**tree.documents(), **tree.code()}
    assert [name for name, text in texts.items() if len(prose.of(name, text).splitlines()) > len(text.splitlines())] == []
    assert prose.of("a.py", 'a = 1\n\n\ndef b():\n    """one\n    two"""\n').splitlines()[4:] == ['    """one', '    two"""']

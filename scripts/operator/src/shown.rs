//! Texts of others, such as keys and causes: shown on a terminal, and pasted into a shell.

/// Returns foreign text within a line: nothing in it steers a terminal or reorders the characters.
pub fn plain(text: &str) -> String {
    escaped(text, false)
}

/// Returns a whole answer, with its lines.
pub fn plain_lines(text: &str) -> String {
    escaped(text, true)
}

/// Escapes control characters as Rust writes them.
fn escaped(text: &str, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' if lines => shown.push(character),
            _ if steers(character) => shown.extend(character.escape_default()),
            _ => shown.push(character),
        }
    }
    shown
}

/// Returns whether it is a control character, or one that nobody sees or that turns the direction
/// of a text.
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns any text as one word of a shell's command, for a person to paste. Invisible characters
/// are escapes, which bash and zsh read.
pub fn shell_quoted(text: &str) -> String {
    if !text.chars().any(steers) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut quoted = "$'".to_owned();
    for character in text.chars() {
        match character {
            '\'' | '\\' => quoted.extend(['\\', character]),
            _ if steers(character) => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    quoted.push_str(&format!("\\{byte:03o}"));
                }
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('\'');
    quoted
}

/// Returns an object as one word of a shell's command: `'s3://<bucket>/<key>'`.
pub fn object_quoted(object: &str) -> String {
    shell_quoted(&format!("s3://{object}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_what_is_quoted_as_it_was() {
        for text in [
            "b/k",
            "b/it's 7",
            "b/$(touch x)`y`\"\\\"",
            "b/\u{1b}[2J'\\\n7",
            "b/\u{202e}gnp.exe",
            "b/é 7",
            "",
        ] {
            let said = std::process::Command::new("bash")
                .args(["-c", &format!("printf %s {}", shell_quoted(text))])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), text);
            assert!(!shell_quoted(text).chars().any(steers));
        }
        assert_eq!(object_quoted("b/k"), "'s3://b/k'");
    }

    #[test]
    fn nothing_steers_a_terminal() {
        let told = plain("a\u{1b}[2J\n\u{9b}b\u{202e}");
        assert_eq!(told, r"a\u{1b}[2J\n\u{9b}b\u{202e}");
        assert_eq!(plain_lines("a\n\tb\rc"), "a\n\tb\\rc");
        assert_eq!(plain("é 日本 '\\"), "é 日本 '\\");
    }
}

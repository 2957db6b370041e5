//! The rules of every setting that Terraform puts into a handler's environment.

use std::fmt::Display;

/// Checks that a reason names the fault, and quotes the setting at most once: the environment has 4
/// KB.
pub(super) fn assert_reason<T, E: Display>(read: &Result<T, E>, text: &str) {
    let Err(error) = read else { return };
    let reason = error.to_string();
    assert!(!reason.trim().is_empty(), "refused without a word: {text}");
    // An escaped control character has up to six times its bytes.
    let most = 6 * text.len() + 500;
    assert!(
        reason.len() <= most,
        "a reason of {} bytes for {}",
        reason.len(),
        text.len()
    );
}

//! Panics as values.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::target::Seen;

thread_local! {
    /// The words of a check's panic. `None`: no check is under way on this thread.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Gives an input to a check. Returns its answer; an error has the panic's words and place.
pub fn check(check: fn(&[u8]) -> Seen, input: &[u8]) -> Result<Seen, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let ours = SAID.with_borrow_mut(|said| match said {
                Some(said) => {
                    *said = panic.to_string();
                    true
                }
                None => false,
            });
            if !ours {
                usual(panic);
            }
        }));
    });
    SAID.set(Some(String::new()));
    let seen = panic::catch_unwind(AssertUnwindSafe(|| check(input)));
    let said = SAID.take();
    seen.map_err(|_| said.unwrap_or_default())
}

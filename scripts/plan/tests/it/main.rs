//! Plans by their command lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod answers;
mod guide;
mod million;
mod page;
mod support;
mod target;
mod tenants;

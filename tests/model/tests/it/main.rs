//! Every state of the protocol, within bounds: the invariants hold in each, and a broken protocol
//! is noticed.

mod broken;
mod circuit;
mod kept;

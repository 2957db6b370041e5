//! Every state of the protocol, within bounds.

mod kept;

//! `spillway`: the operator's program.

use std::process::ExitCode;

fn main() -> ExitCode {
    operator::run()
}

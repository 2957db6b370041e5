//! The services that only a person asks, of which the handlers know nothing: a file each.

pub mod alarms;
pub mod api;
pub mod functions;
pub mod identity;
pub mod logs;
pub mod metrics;
pub mod quotas;
pub mod rules;
pub mod tags;

//! The control item: `pk = control`, `sk = dispatch`.

use super::Ledger;
use super::item::{Item, Reader, text};
use crate::error::AwsError;
use spillway::pace::Partial;
use spillway::pace::control::{Control, unknown};

impl Ledger {
    /// What an operator wrote; the default when there is no item.
    pub async fn control(&self) -> Result<Control, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text("control"))
            .key("sk", text("dispatch"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading the control item", &error))?;
        answer.item.as_ref().map_or(Ok(Control::default()), read)
    }
}

/// Reads the item, which an operator wrote by hand.
pub fn read(item: &Item) -> Result<Control, AwsError> {
    let reader = Reader::new(item);
    if let Some(problem) = unknown(item.keys().map(String::as_str)) {
        return Err(reader.error(problem));
    }
    Ok(Control {
        paused: reader.optional_flag("paused")?,
        pace: Partial {
            max_concurrency: reader.optional_number("max_concurrency")?,
            starts_per_second: reader.optional_number("starts_per_second")?,
            burst: reader.optional_number("burst")?,
            starts_per_tick: reader.optional_number("starts_per_tick")?,
        },
        since: reader.optional_text("since")?,
        note: reader.optional_text("note")?,
    })
}

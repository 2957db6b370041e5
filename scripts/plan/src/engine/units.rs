//! DynamoDB's requests and units for items that the handlers write and read. `costs` of the
//! simulation counts the same, and a test compares.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>

/// Bytes of a slot, about.
const SLOT_BYTES: f64 = 264.0;
/// Bytes of a batch's member with a key of 200 characters, about.
const MEMBER_BYTES: f64 = 230.0;
/// Bytes of a tenant in the directory, about.
const NAMED_BYTES: f64 = 130.0;
const READ_UNIT_BYTES: f64 = 4_096.0;
const WRITE_UNIT_BYTES: f64 = 1_024.0;

/// Statements of one request.
const STATEMENTS: usize = 25;

/// Returns how many calls come one after the other that write so many rows. Requests go side by
/// side. One row that is left goes by itself behind them.
pub fn of_rows(rows: usize) -> i64 {
    1 + i64::from(rows > STATEMENTS && rows % STATEMENTS == 1)
}

/// Returns the units of a strongly consistent read of all slots of a partition.
pub fn of_count(slots: u32) -> f64 {
    (f64::from(slots) * SLOT_BYTES / READ_UNIT_BYTES)
        .ceil()
        .max(1.0)
}

/// Returns the units of a strongly consistent read of a directory of so many tenants.
pub fn of_directory(tenants: usize) -> f64 {
    (tenants as f64 * NAMED_BYTES / READ_UNIT_BYTES)
        .ceil()
        .max(1.0)
}

/// Returns the units of writing the item of a batch.
pub fn of_batch(members: usize) -> f64 {
    (members as f64 * MEMBER_BYTES / WRITE_UNIT_BYTES)
        .ceil()
        .max(1.0)
}

# Written by scripts/variables from modules/input/variables-reconcile.tf, which has types and rules.

variable "reconcile" {
  description = <<-EOT
    Finding missed events: rows of the ledger that nothing moves any more, and objects of which no event ever came.

    - `enabled` (true or false, default true)
    - `schedule` (text, default "rate(1 day)"): rate(...) or cron(...) of an EventBridge rule; cron is in UTC.
    - `stale_after_seconds` (number, default 86400): Age of its last move at which a row that is QUEUED, RETRY or WAITING is requeued.
    - `max_concurrency` (number, default 10): Most batches of 200 objects that are compared at once.
    - `list` (object): Comparing buckets with the ledger; null: no bucket is.
      - `buckets` (set of texts, default []): Keys of the buckets that can be listed: of this account and Region.
      - `scheduled` (true or false, default false): Whether each scheduled run lists them, and not only runs that ask for it.
      - `inventories` (map of objects): By bucket key, the place of the bucket's S3 inventories. It is a bucket of this account and Region, and the prefix below which they are.
        - `bucket` (text, required)
        - `prefix` (text, default "")
      - `min_age_seconds` (number, default 86400): Younger objects are left alone: their event can be under way.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

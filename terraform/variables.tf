# Written by scripts/variables from modules/input, which has types and rules.

variable "buckets" {
  description = <<-EOT
    Buckets whose uploads start executions, by a key of your choice.

    - `name` (text, required): Name of the bucket; it may be unknown at plan.
    - `account_id` (text, default null): Account that owns the bucket; null: this account.
    - `notification` (text, required): "owned": this module writes the bucket's one notification configuration, and what it does not know of is removed. "external": someone else does, with the output bucket_notifications.
    - `sources` (map of objects, required): What is taken in, by a key of your choice.
      - `prefix` (text, default ""): What a key starts with, as the key is and not URL-encoded; "": anything.
      - `suffix` (text, default ""): What a key ends with, as the key is and not URL-encoded; "": anything.
      - `via` (text, default "sqs"): How events come: "sqs", straight from S3 into the queue; "lambda", by a function that writes the ledger first; "eventbridge", by a rule. A rule with prefix and suffix has a wildcard: an event bus has 30 such rules, those of all pipelines and of everybody else together.
      - `lane` (text, default null): The lane they go to; null: the first.
      - `events` (set of texts, default ["s3:ObjectCreated:*"]): Object-created event types; with "eventbridge", use reasons.
      - `reasons` (set of texts, default null): Only with "eventbridge": the API calls PutObject, POST Object, CopyObject, CompleteMultipartUpload; null: all.
      - `min_size` (number, default null): Only with "eventbridge": smallest and largest object, in bytes.
      - `max_size` (number, default null)
      - `folder_markers` (true or false, default false): Whether the empty objects whose keys end with /, by which S3's console shows folders, are worked on like any other object.
  EOT
  type        = any
  nullable    = false
}

variable "handlers" {
  description = <<-EOT
    The handlers' build: its manifest, where the zips are, and how they run.

    - `manifest` (object, required): The build's handlers.json, decoded.
      - `version` (text, required)
      - `protocol` (number, required)
      - `handlers` (map of maps, required)
        - `file` (text, required)
        - `sha256` (text, required)
        - `bytes` (number, required)
    - `architecture` (text, default "arm64"): arm64 or x86_64.
    - `directory` (text, default null): The zips are in a local directory,
    - `s3` (object): or in a bucket, their keys being prefix and file name.
      - `bucket` (text, required)
      - `prefix` (text, default "")
    - `dispatch` (object)
      - `memory_mb` (number, default 256)
      - `reserved_concurrency` (number, default null): Null: none reserved. A lease keeps ticks apart, 1 only saves their cost; a young account cannot reserve any.
    - `ingest` (object): Only with a source via "lambda".
      - `memory_mb` (number, default 256)
    - `reconcile` (object): Unless reconcile.enabled is false.
      - `memory_mb` (number, default 256)
    - `settle` (object)
      - `memory_mb` (number, default 256)
      - `maximum_concurrency` (number, default null): Most instances at once, 2 to 1000; null: 10, or one for each 25 starts a second that pace or a window allows, if that is more.
  EOT
  type        = any
  nullable    = false
}

variable "name" {
  description = "Name of the pipeline; every name starts with it."
  type        = string
  nullable    = false
}

variable "workflow" {
  description = <<-EOT
    The state machine that works on the objects: a definition to make one of, or one that exists.

    - `definition` (text, default null): Amazon States Language (JSON). It is given {"attempt": 1, "objects": [{"id": …, "bucket": …, "key": …, "versionId": …, "size": …, "etag": …}]}.
    - `state_machine` (object): Or a state machine that exists, of type STANDARD: its ARN, or that of an alias.
      - `arn` (text, required)
    - `input_format` (text, default "objects"): "objects": as above; "s3-notification": {"Records": […]}, as S3 writes it.
    - `events_per_execution` (number, default 1): Most objects that one execution is given.
    - `order` (text, default "none"): What two uploads of one object do. "none": each starts on its own; "latest": one at a time, and only the newest that waits; "each": one at a time, all of them.
    - `alias` (object): A name by which executions are started, and the versions it stands for; null: none. Only with a definition.
      - `name` (text, required)
      - `previous_version_arn` (text, default null)
      - `weight` (number, default 100)
    - `policy_statements` (list of objects): What it may do. Only with a definition.
      - `sid` (text, default null)
      - `effect` (text, default "Allow")
      - `actions` (list of texts, required)
      - `resources` (list of texts, required)
      - `conditions` (map of maps, default null)
    - `timeout_seconds` (number, default null): Longest time that an execution takes: one that hangs keeps its slot. Null: the TimeoutSeconds of the definition, or 24 hours if it has none; 0: the definition as it is. Only with a definition.
    - `log_level` (text, default "ERROR"): ALL, ERROR, FATAL or OFF.
    - `log_execution_data` (true or false, default false): Inputs and outputs into the log too.
  EOT
  type        = any
  nullable    = false
}

variable "fifo" {
  description = "Whether the events queues are FIFO: the first attempts at an object's versions start in the order in which S3 reported them, and no duplicates within 5 minutes. Only for sources via \"lambda\"."
  type        = bool
  default     = false
  nullable    = false
}

variable "lanes" {
  description = <<-EOT
    Queues that share the pipeline's capacity, by a name of your choice, one of them default; none: default alone.

    - `priority` (number, required): The lowest comes first; each lane has its own.
    - `min_share` (number, default 0): Share of the starts that the lane gets while events wait in it, whatever comes before it: 0 to 0.9, and 0.9 for all lanes together.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "ledger" {
  description = <<-EOT
    The record of every object event.

    - `retention_days` (number, default 90): How long the row of a finished object event is kept.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "limits" {
  description = <<-EOT
    Bounds beyond the pace, against surprises on the bill.

    - `starts_per_day` (number, default null): Most starts in a day (UTC); null: no such bound. Once it is reached, events wait for the next day.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "pace" {
  description = <<-EOT
    The numbers that bound a tick; the ledger's control item may override them at run time.

    - `max_concurrency` (number, required): Most executions running at once, up to 10,000.
    - `starts_per_second` (number, default 25): Starts per second over time, and at once after a quiet time.
    - `burst` (number, default 50)
    - `starts_per_tick` (number, default null): Starts per tick; null: a tick starts what it can.
  EOT
  type        = any
  default     = { max_concurrency = 100 }
  nullable    = false
}

variable "platform" {
  description = <<-EOT
    What an organisation sets once for all its pipelines.

    - `appliers` (set of texts, default []): ARNs of the roles and users that run terraform apply, with * where you like: named in the output kms_key_policy_statements.
    - `iam` (object)
      - `path` (text, default "/")
      - `permissions_boundary` (text, default null)
      - `role_name_prefix` (text, default "")
    - `kms_key` (object): Encrypts queues, ledger, log groups, state machine and the functions' environments; null: SSE-SQS and keys of AWS. Its policy needs the output kms_key_policy_statements first.
      - `arn` (text, required)
    - `logs` (object)
      - `retention_days` (number, default 30)
    - `tags` (map of texts, default {})
    - `tracing` (true or false, default false): X-Ray, of functions and state machine.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "protect" {
  description = "Keeps ledger and events queue from being deleted or purged, by Terraform too, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "reconcile" {
  description = <<-EOT
    Finding what was missed: rows of the ledger that nothing moves any more, and objects of which no event ever came.

    - `enabled` (true or false, default true)
    - `schedule` (text, default "rate(1 day)"): rate(...) or cron(...) of an EventBridge rule; cron is in UTC.
    - `stale_after_seconds` (number, default 86400): Age of its last move at which a row that is QUEUED, RETRY or WAITING is sent for again.
    - `max_concurrency` (number, default 10): Most batches of 200 objects that are compared at once.
    - `list` (object): Comparing buckets with the ledger; null: none may be.
      - `buckets` (set of texts, default []): Keys of the buckets that may be listed: of this account and Region.
      - `scheduled` (true or false, default false): Whether each scheduled run lists them, and not only who asks for it.
      - `inventories` (map of objects): By bucket key, where S3 puts the bucket's inventories: a bucket of this account and Region, and the prefix below which they are.
        - `bucket` (text, required)
        - `prefix` (text, default "")
      - `min_age_seconds` (number, default 86400): Younger objects are left alone: their event may be under way.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "retry" {
  description = <<-EOT
    What follows a failed execution.

    - `max_attempts` (number, default 3): Attempts in all; after the last the object event is dead-lettered.
    - `backoff_seconds` (list of numbers, default null): Wait before the second attempt, the third and so on; the last repeats. Null: [30, 300], and [0] with fifo.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "schedule" {
  description = <<-EOT
    When dispatch runs, and for how long.

    - `expression` (text, default "rate(1 minute)"): rate(...) or cron(...) of an EventBridge rule; cron is in UTC.
    - `tick_seconds` (number, default 56): How long a tick may go on starting executions.
    - `enabled` (true or false, default true)
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "sweep" {
  description = <<-EOT
    Looking after slots whose outcome never came.

    - `after_seconds` (number, default 300): Age at which a slot is looked at.
    - `per_tick` (number, default 50): Most slots that one tick looks at.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "topics" {
  description = <<-EOT
    SNS topics that buckets notify already, by a key of your choice.

    - `arn` (text, required): ARN of the topic; S3 must be allowed to publish to it.
    - `raw_delivery` (true or false, default true): Without SNS's envelope. What comes in one is understood as well.
    - `lane` (text, default null): The lane the events go to; null: the first.
    - `subscribe` (true or false, default true): Whether this module subscribes the queue; false: someone else does, and the queue's policy lets the topic in.
    - `filter_policy` (text, default null): Filter (JSON) on the message's body, where keys are URL-encoded; null: every message.
    - `folder_markers` (true or false, default false): Whether empty objects whose keys end with / are worked on, of every bucket that is not in buckets.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "trusted_organization_id" {
  description = "Organization that stands for the accounts of the buckets that have an account_id, in the policies of queues and key; null: each account is named."
  type        = string
  default     = null
}

variable "windows" {
  description = <<-EOT
    Times with a pace of their own, by a name of your choice; where several hold, the one with the lowest priority does.

    - `priority` (number, required): The lowest wins; each window has its own.
    - `timezone` (text, default "UTC"): IANA name of the time zone of from, to, days and dates.
    - `from` (text, default "00:00"): HH:MM; to is not included, and may be 24:00. A window whose to is before its from ends on the next day.
    - `to` (text, default "24:00")
    - `days` (list of texts, default null): MON, TUE, WED, THU, FRI, SAT, SUN; null: every day.
    - `dates` (list of texts, default null): YYYY-MM-DD, or first and last as YYYY-MM-DD/YYYY-MM-DD; null: every date.
    - `pause` (true or false, default false): Nothing starts.
    - `pace` (object): What is named here holds instead of the same number of pace.
      - `max_concurrency` (number, default null)
      - `starts_per_second` (number, default null)
      - `burst` (number, default null)
      - `starts_per_tick` (number, default null)
  EOT
  type        = any
  default     = {}
  nullable    = false
}

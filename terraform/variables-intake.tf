# Written by scripts/variables from modules/input/variables-intake.tf, which has types and rules.

variable "buckets" {
  description = <<-EOT
    Buckets whose uploads start executions, by a key of your choice.

    - `name` (text, required): Name of the bucket; it can be unknown at plan.
    - `account_id` (text, default null): Account that owns the bucket; null: this account.
    - `notification` (text, required): "owned": this module writes the bucket's one notification configuration, and removes entries that it does not know. "external": someone else writes it, with the output bucket_notifications.
    - `sources` (map of objects, required): The objects that are taken in, by a key of your choice.
      - `prefix` (text, default ""): The first part of a key, as the key is and not URL-encoded; "": anything.
      - `suffix` (text, default ""): The last part of a key, as the key is and not URL-encoded; "": anything.
      - `via` (text, default "sqs"): How events come. "sqs": straight from S3 into the queue. "lambda": by a function that writes the ledger first. "eventbridge": by a rule. A rule with prefix and suffix has a wildcard, and an event bus takes 30 such rules in all.
      - `lane` (text, default null): The lane they go to; null: the first.
      - `events` (set of texts, default ["s3:ObjectCreated:*"]): Object-created event types; with "eventbridge", use reasons.
      - `reasons` (set of texts, default null): Only with "eventbridge": the API calls PutObject, POST Object, CopyObject, CompleteMultipartUpload; null: all.
      - `min_size` (number, default null): Only with "eventbridge": smallest and largest object, in bytes.
      - `max_size` (number, default null)
      - `folder_markers` (true or false, default false): Whether empty objects with keys that end with / are processed. S3's console shows folders by them.
  EOT
  type        = any
  nullable    = false
}

variable "fifo" {
  description = "Whether the events queues are FIFO. The first attempts at an object's versions then start in the order in which S3 reported them, and duplicates within 5 minutes are dropped. Only for sources via \"lambda\"."
  type        = bool
  default     = false
  nullable    = false
}

variable "lanes" {
  description = <<-EOT
    Queues that share the pipeline's capacity, by a name of your choice, one of them default; none: default alone.

    - `priority` (number, required): The lowest comes first; each lane has its own.
    - `min_share` (number, default 0): Share of the starts that the lane gets while events wait in it, before any other lane. 0 to 0.9, and 0.9 for all lanes together.
    - `max_concurrency` (number, default null): Executions of the lane that run at once, at most, beside the pipeline's own max_concurrency. 0: nothing of it starts; null: no bound of its own.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "topics" {
  description = <<-EOT
    SNS topics that buckets notify already, by a key of your choice.

    - `arn` (text, required): ARN of the topic; S3 must be allowed to publish to it.
    - `raw_delivery` (true or false, default true): Without SNS's envelope. A message in an envelope is understood as well.
    - `lane` (text, default null): The lane the events go to; null: the first.
    - `subscribe` (true or false, default true): Whether this module subscribes the queue; false: someone else does, and the queue's policy lets the topic in.
    - `filter_policy` (text, default null): Filter (JSON) on the message's body, in which keys are URL-encoded; null: every message.
    - `folder_markers` (true or false, default false): Whether empty objects with keys that end with / are processed, of every bucket that is not in buckets.
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

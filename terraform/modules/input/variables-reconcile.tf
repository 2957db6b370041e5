# -----------------------------------------------------------------------------
# Missed events; all optional
# -----------------------------------------------------------------------------

variable "reconcile" {
  description = "Finding missed events: rows of the ledger that nothing moves any more, and objects of which no event ever came."
  type = object({
    enabled = optional(bool, true)
    # rate(...) or cron(...) of an EventBridge rule; cron is in UTC.
    schedule = optional(string, "rate(1 day)")
    # Age of its last move at which a row that is QUEUED, RETRY or WAITING is
    # requeued.
    stale_after_seconds = optional(number, 86400)
    # Most batches of 200 objects that are compared at once.
    max_concurrency = optional(number, 10)
    # Comparing buckets with the ledger; null: no bucket is.
    list = optional(object({
      # Keys of the buckets that can be listed: of this account and Region.
      buckets = optional(set(string), [])
      # Whether each scheduled run lists them, and not only runs that ask for it.
      scheduled = optional(bool, false)
      # By bucket key, the place of the bucket's S3 inventories. It is a bucket of this account and
      # Region, and the prefix below which they are.
      inventories = optional(map(object({
        bucket = string
        prefix = optional(string, "")
      })), {})
      # Younger objects are left alone: their event can be under way.
      min_age_seconds = optional(number, 86400)
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex(module.forms.schedule, var.reconcile.schedule))
    error_message = "reconcile.schedule = \"${var.reconcile.schedule}\" is no schedule of an EventBridge rule. ${module.forms.schedule_remedy}"
  }
  validation {
    condition     = var.reconcile.stale_after_seconds >= 3600 && var.reconcile.stale_after_seconds <= 2592000 && floor(var.reconcile.stale_after_seconds) == var.reconcile.stale_after_seconds
    error_message = "reconcile.stale_after_seconds = ${var.reconcile.stale_after_seconds}: give whole seconds from 3600 to 2592000, 30 days. A retry can be delayed for 900 seconds and then be hidden for some minutes. Above 1209600, the queue's retention, no message that still waits is requeued. Below it, a backlog that old gets a second message for each of its rows."
  }
  validation {
    condition     = var.reconcile.max_concurrency >= 1 && var.reconcile.max_concurrency <= 1000 && floor(var.reconcile.max_concurrency) == var.reconcile.max_concurrency
    error_message = "reconcile.max_concurrency = ${var.reconcile.max_concurrency}: give a whole number from 1 to 1000. Each is an instance of the function, of which an account has 1,000 unless it asked for more."
  }
  validation {
    condition     = var.reconcile.list == null ? true : var.reconcile.enabled
    error_message = "reconcile.list is given, and reconcile.enabled = false makes nothing that could list. Set enabled = true, or leave list out."
  }
  validation {
    condition     = var.reconcile.list == null ? true : length(var.reconcile.list.buckets) > 0 || length(var.reconcile.list.inventories) > 0
    error_message = "reconcile.list names no bucket and no inventory. Give buckets = [${join(", ", [for key in keys(var.buckets) : "\"${key}\""])}], or leave list out."
  }
  validation {
    condition     = var.reconcile.list == null ? true : length(setsubtract(setunion(var.reconcile.list.buckets, keys(var.reconcile.list.inventories)), keys(var.buckets))) == 0
    error_message = "reconcile.list names buckets that are not in buckets: ${var.reconcile.list == null ? "" : join(", ", setsubtract(setunion(var.reconcile.list.buckets, keys(var.reconcile.list.inventories)), keys(var.buckets)))}. Give keys of buckets, which are ${join(", ", keys(var.buckets))}; a bucket that comes by topics alone cannot be compared."
  }
  validation {
    condition     = var.reconcile.list == null ? true : length(setintersection(var.reconcile.list.buckets, local._away)) == 0
    error_message = "These buckets of reconcile.list.buckets belong to other accounts, and Step Functions lists only those of its own account and Region: ${var.reconcile.list == null ? "" : join(", ", setintersection(var.reconcile.list.buckets, local._away))}. Let their owners deliver S3 inventories into a bucket of this account, and name it in reconcile.list.inventories."
  }
  validation {
    condition     = var.reconcile.list == null ? true : length(setintersection(setunion(var.reconcile.list.buckets, keys(var.reconcile.list.inventories)), keys(local._not_comparable))) == 0
    error_message = "These sources of buckets in reconcile.list have events, reasons, min_size or max_size: ${var.reconcile.list == null ? "" : join(", ", flatten([for key in setunion(var.reconcile.list.buckets, keys(var.reconcile.list.inventories)) : lookup(local._not_comparable, key, [])]))}. A listing does not tell by which call an object came, and reconcile compares no sizes. Leave their buckets out of reconcile.list."
  }
  validation {
    condition     = var.reconcile.list == null ? true : !var.reconcile.list.scheduled || length(var.reconcile.list.buckets) > 0
    error_message = "reconcile.list.scheduled = true and reconcile.list.buckets is empty: an inventory has a new name each day, so none can be read on schedule. Name buckets, or start runs on inventories by hand."
  }
  validation {
    condition     = var.reconcile.list == null ? true : var.reconcile.list.min_age_seconds >= 0 && var.reconcile.list.min_age_seconds <= 604800 && floor(var.reconcile.list.min_age_seconds) == var.reconcile.list.min_age_seconds
    error_message = "reconcile.list.min_age_seconds = ${var.reconcile.list == null ? 0 : var.reconcile.list.min_age_seconds}: give whole seconds from 0 to 604800, a week. With less than an hour, many objects are queued while their own event is only under way: no harm, but two messages each."
  }
}

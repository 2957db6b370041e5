variable "home" {
  description = <<-EOT
    Where the queues and the catalogue live; known before they exist, for instance from the ARN of a log group of the same configuration.

    - `partition` (text, required)
    - `region` (text, required)
    - `account_id` (text, required)
  EOT
  type = object({
    partition  = string
    region     = string
    account_id = string
  })
  nullable = false
}

variable "name" {
  description = "Name of the crawler; the other names start with it and _."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "\"${var.name}\" cannot begin the names of the crawler's queue and roles. Give 3 to 40 lower-case letters, digits and -, a letter first and no - last."
  }
}

variable "target" {
  description = <<-EOT
    What is crawled: one folder of one bucket. In event mode AWS takes no second one.

    - `bucket` (text, required): Name of the bucket; it can be unknown at plan.
    - `account_id` (text, default null): Account that owns the bucket; null: the queue's own.
    - `prefix` (text, default ""): The folder, not URL-encoded, with / at its end; "": the whole bucket.
    - `exclusions` (list of texts, default []): What is left out, as Glue's glob patterns relative to the folder.
    - `kms_key` (object): Key that the objects are encrypted with, if it is one of your own.
      - `arn` (text, required)
  EOT
  type = object({
    bucket     = string
    account_id = optional(string)
    prefix     = optional(string, "")
    exclusions = optional(list(string), [])
    kms_key    = optional(object({ arn = string }))
  })
  nullable = false

  validation {
    condition     = !startswith(var.target.bucket, "s3:") && !strcontains(var.target.bucket, "/")
    error_message = "target.bucket = \"${var.target.bucket}\" is a path. Give the bucket's name alone, and the folder as target.prefix."
  }
  validation {
    condition     = !strcontains(var.target.bucket, "%") && !strcontains(var.target.bucket, ",")
    error_message = "target.bucket = \"${var.target.bucket}\" stands for several buckets. A crawler in event mode has one target, and s3://% is none: name one bucket, and make a crawler for each."
  }
  validation {
    condition     = var.target.prefix == "" || endswith(var.target.prefix, "/") && !startswith(var.target.prefix, "/")
    error_message = "target.prefix = \"${var.target.prefix}\" is no folder. In event mode AWS crawls folders only: end it with /, as in \"status/\", and do not begin it with one."
  }
  validation {
    condition     = !can(regex("[*%]", var.target.prefix))
    error_message = "target.prefix = \"${var.target.prefix}\" has a wildcard, and in event mode AWS knows none. Give one folder; leave parts of it out with target.exclusions."
  }
  validation {
    condition     = var.target.account_id == null ? true : can(regex("^[0-9]{12}$", var.target.account_id))
    error_message = "target.account_id = \"${coalesce(var.target.account_id, "null")}\": an account id has 12 digits. Leave it out for a bucket of the queue's own account."
  }
  validation {
    condition     = length(var.target.exclusions) <= 100
    error_message = "target.exclusions has ${length(var.target.exclusions)} patterns; Glue allows 100. Use fewer and wider ones."
  }
}

variable "alarms" {
  description = <<-EOT
    Alarms on events that nobody crawls, on dead letters and on failed crawls; null: none.

    - `actions` (list of texts, default []): ARNs of what is told, usually an SNS topic.
    - `oldest_event_seconds` (number, default 10800): Oldest event that is still right: a few times the schedule's interval.
  EOT
  type = object({
    actions              = optional(list(string), [])
    oldest_event_seconds = optional(number, 10800)
  })
  default = {}

  validation {
    condition     = var.alarms == null ? true : var.alarms.oldest_event_seconds >= 300 && var.alarms.oldest_event_seconds < 1209600
    error_message = "alarms.oldest_event_seconds = ${try(var.alarms.oldest_event_seconds, 0)}: give 300 to 1209599 seconds. After 1209600, 14 days, the queue deletes the event, and the alarm never begins."
  }
  validation {
    condition     = var.alarms == null ? true : length(var.alarms.actions) <= 5
    error_message = "alarms.actions has ${try(length(var.alarms.actions), 0)} entries; CloudWatch allows 5. Send to one SNS topic and subscribe to that."
  }
}

variable "crawl" {
  description = <<-EOT
    When the crawler runs, what it looks at, and what it does about what it finds.

    - `schedule` (text, default "cron(15 * * * ? *)"): In UTC, as cron(minutes hours day month weekday year); null: by hand.
    - `recrawl` (text, default "CRAWL_EVENT_MODE"): CRAWL_EVENT_MODE: the folders that events name. CRAWL_EVERYTHING: all of the target, each time. CRAWL_NEW_FOLDERS_ONLY: folders that are new.
    - `update` (text, default "UPDATE_IN_DATABASE"): What becomes of a table whose schema has changed: UPDATE_IN_DATABASE, LOG.
    - `delete` (text, default "DEPRECATE_IN_DATABASE"): Of a table or partition whose objects are gone: DEPRECATE_IN_DATABASE, DELETE_FROM_DATABASE, LOG.
  EOT
  type = object({
    schedule = optional(string, "cron(15 * * * ? *)")
    recrawl  = optional(string, "CRAWL_EVENT_MODE")
    update   = optional(string, "UPDATE_IN_DATABASE")
    delete   = optional(string, "DEPRECATE_IN_DATABASE")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.crawl.schedule == null ? true : can(regex("^cron\\([^ ]+( [^ ]+){5}\\)$", var.crawl.schedule))
    error_message = "crawl.schedule = \"${coalesce(var.crawl.schedule, "null")}\": Glue knows cron(minutes hours day month weekday year) and no rate(). Give cron(15 * * * ? *) for every hour."
  }
  validation {
    condition     = var.crawl.schedule == null ? true : !can(regex("^cron\\(([*]|[0-9*]+/[1-4]) ", var.crawl.schedule))
    error_message = "crawl.schedule = \"${coalesce(var.crawl.schedule, "null")}\" runs more often than every 5 minutes, which Glue refuses. Use cron(0/5 * * * ? *), or less."
  }
  validation {
    condition     = contains(["CRAWL_EVENT_MODE", "CRAWL_EVERYTHING", "CRAWL_NEW_FOLDERS_ONLY"], var.crawl.recrawl)
    error_message = "crawl.recrawl = \"${var.crawl.recrawl}\": Glue knows no such mode. Give CRAWL_EVENT_MODE, CRAWL_EVERYTHING or CRAWL_NEW_FOLDERS_ONLY."
  }
  validation {
    condition     = contains(["UPDATE_IN_DATABASE", "LOG"], var.crawl.update)
    error_message = "crawl.update = \"${var.crawl.update}\": Glue knows no such act. Give UPDATE_IN_DATABASE or LOG."
  }
  validation {
    condition     = contains(["DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE", "LOG"], var.crawl.delete)
    error_message = "crawl.delete = \"${var.crawl.delete}\": Glue knows no such act. Give DEPRECATE_IN_DATABASE, DELETE_FROM_DATABASE or LOG."
  }
  validation {
    condition     = var.crawl.recrawl != "CRAWL_NEW_FOLDERS_ONLY" || var.crawl.update == "LOG" && var.crawl.delete == "LOG"
    error_message = "crawl.recrawl = \"CRAWL_NEW_FOLDERS_ONLY\" with update = \"${var.crawl.update}\" and delete = \"${var.crawl.delete}\": with that mode AWS takes LOG alone for both. Set both to LOG, or use CRAWL_EVENT_MODE."
  }
}

variable "database" {
  description = <<-EOT
    Database of the catalogue that the tables go to.

    - `name` (text, default null): Null: the crawler's name, with _ for -.
    - `create` (true or false, default true): Whether this module makes it; false: it is there.
  EOT
  type = object({
    name   = optional(string)
    create = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.database.name == null ? true : can(regex("^[a-z0-9_]{1,255}$", var.database.name))
    error_message = "database.name = \"${coalesce(var.database.name, "null")}\" is no name that both Glue and Athena take. Give 1 to 255 lower-case letters, digits and _."
  }
  validation {
    condition     = var.database.create || var.database.name != null
    error_message = "database.create = false, and no database.name: name the database that is there."
  }
}

variable "feed" {
  description = <<-EOT
    How events come into the crawler's queue: from an SNS topic that the bucket notifies, or by the bucket's own notification (output bucket_notification).

    - `topic` (object): The topic; null: the bucket's own notification. Its policy must let this account subscribe.
      - `arn` (text, required)
    - `events` (set of texts, default ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]): What the bucket's own notification sends. A topic sends what it is sent.
  EOT
  type = object({
    topic  = optional(object({ arn = string }))
    events = optional(set(string), ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.feed.topic == null ? true : !endswith(var.feed.topic.arn, ".fifo")
    error_message = "feed.topic.arn = \"${try(var.feed.topic.arn, "")}\" is a FIFO topic: S3 cannot publish to one, and a crawler takes no FIFO queue. Give a standard topic."
  }
  validation {
    condition     = var.feed.topic == null ? true : can(regex(module.forms.arns.topic_of_any_type, var.feed.topic.arn))
    error_message = "feed.topic.arn = \"${try(var.feed.topic.arn, "")}\" is no ARN of an SNS topic. Give arn:aws:sns:<region>:<account>:<name>."
  }
  validation {
    condition     = length(var.feed.events) > 0 && alltrue([for event in var.feed.events : can(regex("^s3:(ObjectCreated:([*]|Put|Post|Copy|CompleteMultipartUpload)|ObjectRemoved:([*]|Delete|DeleteMarkerCreated)|LifecycleExpiration:([*]|Delete|DeleteMarkerCreated))$", event))])
    error_message = "feed.events = [${join(", ", var.feed.events)}]: a crawler follows objects that come and go. Give s3:ObjectCreated:*, s3:ObjectRemoved:* and s3:LifecycleExpiration:*, or some of their kinds."
  }
}

variable "iam" {
  description = <<-EOT
    How the crawler's role is made.

    - `path` (text, default "/")
    - `permissions_boundary` (text, default null)
    - `role_name_prefix` (text, default "")
  EOT
  type = object({
    path                 = optional(string, "/")
    permissions_boundary = optional(string)
    role_name_prefix     = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.iam.path))
    error_message = "iam.path = \"${var.iam.path}\": IAM takes no such path. Give one that starts and ends with /, such as /pipelines/."
  }
  validation {
    condition     = can(regex("^([0-9A-Za-z+=,.@_-]{0,31}[+=,.@_])?$", var.iam.role_name_prefix))
    error_message = "iam.role_name_prefix = \"${var.iam.role_name_prefix}\" cannot begin the names of roles. Give up to 32 letters, digits and +=,.@_-, the last one of +=,.@_, such as \"team_\". Otherwise crawler a with prefix \"b-\" and crawler b-a with none would have roles of the same name."
  }
}

variable "kms_key" {
  description = "Customer-managed key of the queues; its policy must allow the statements of output kms_key_policy_statements. Null: SSE-SQS."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex(module.forms.arns.key, var.kms_key.arn))
    error_message = "kms_key.arn = \"${try(var.kms_key.arn, "")}\" is no ARN of a key. Give that of a customer-managed key, arn:aws:kms:<region>:<account>:key/<id>. The policy of an AWS-managed key (alias/aws/...) lets no S3, EventBridge or SNS use it, and cannot be changed."
  }
}

variable "protect" {
  description = "Denies everyone to delete the queues, until it is switched off and applied. The crawler may purge its queue all the same."
  type        = bool
  default     = true
  nullable    = false
}

variable "table" {
  description = <<-EOT
    How the crawler makes tables of folders.

    - `prefix` (text, default ""): Put before each table's name.
    - `level` (number, default null): Depth of the folder that is one table, the bucket being 1; null: Glue's guess.
    - `combine_compatible_schemas` (true or false, default true): One table where schemas are compatible, instead of one per schema.
    - `partitions_inherit` (true or false, default true): Partitions have the table's schema and not one of their own.
  EOT
  type = object({
    prefix                     = optional(string, "")
    level                      = optional(number)
    combine_compatible_schemas = optional(bool, true)
    partitions_inherit         = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.table.level == null ? true : var.table.level >= 2 && floor(var.table.level) == var.table.level
    error_message = "table.level = ${coalesce(var.table.level, 0)}: the bucket's own level is 1, and tables lie below it. Give a whole number, 2 or more; for s3://bucket/status/ it is 2."
  }
  validation {
    condition     = can(regex("^[a-z0-9_]{0,128}$", var.table.prefix))
    error_message = "table.prefix = \"${var.table.prefix}\" is no prefix that both Glue and Athena take. Give up to 128 lower-case letters, digits and _."
  }
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

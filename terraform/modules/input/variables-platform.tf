# -----------------------------------------------------------------------------
# Required
# -----------------------------------------------------------------------------

variable "name" {
  description = "Name of the pipeline; every name starts with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "\"${var.name}\" cannot begin the names of queues and functions. Give the pipeline 3 to 32 lower-case letters, digits and -, a letter first and no - last."
  }
}

# -----------------------------------------------------------------------------
# Optional
# -----------------------------------------------------------------------------

variable "handlers" {
  description = "The functions' build and how they run. Nothing to say with a release: it brings the zips in dist/ beside this module."
  type = object({
    # The build's handlers.json, decoded; null: the file in directory, or else in
    # dist/.
    manifest = optional(object({
      version  = string
      protocol = number
      handlers = map(map(object({
        file   = string
        sha256 = string
        bytes  = number
      })))
    }))
    # arm64 or x86_64; null: the one that the build has, arm64 if it has both.
    architecture = optional(string)
    # A build of your own: a directory with the zips and handlers.json. Null, and
    # s3 null too: dist/, which a release brings.
    directory = optional(string)
    # Instead a bucket, its keys being prefix and file name.
    s3 = optional(object({
      bucket = string
      prefix = optional(string, "")
    }))
    dispatch = optional(object({
      memory_mb = optional(number, 256)
      # Null: none reserved. A lease keeps ticks apart, 1 only saves their cost;
      # a young account cannot reserve any.
      reserved_concurrency = optional(number)
    }), {})
    # Only with a source via "lambda".
    ingest = optional(object({
      memory_mb = optional(number, 256)
    }), {})
    # Unless reconcile.enabled is false.
    reconcile = optional(object({
      memory_mb = optional(number, 256)
    }), {})
    settle = optional(object({
      memory_mb = optional(number, 256)
      # Most instances at once, 2 to 1000. Null: 10, or one for each 25 starts a second that pace or
      # a window allows, if that is more.
      maximum_concurrency = optional(number)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.handlers.directory == null || var.handlers.s3 == null
    error_message = "handlers.directory = \"${coalesce(var.handlers.directory, "null")}\" and handlers.s3 are both given, and the zips are in one place. Leave one out."
  }
  validation {
    condition     = var.handlers.manifest == null || var.handlers.directory != null || var.handlers.s3 != null
    error_message = "handlers.manifest names zips, and neither handlers.directory nor handlers.s3 names their place. Give one of them, or leave manifest out too: then the functions are those of dist/."
  }
  validation {
    condition     = var.schedule.idle == "wait" && var.handlers.dispatch.reserved_concurrency != null ? coalesce(var.handlers.dispatch.reserved_concurrency, 0) >= 2 : true
    error_message = "handlers.dispatch.reserved_concurrency = ${coalesce(var.handlers.dispatch.reserved_concurrency, 0)} does not go with schedule.idle = \"wait\": the next tick announces itself while the last one still runs. Give 2 or more, or leave it out."
  }
  validation {
    condition     = var.handlers.dispatch.memory_mb >= 256 || max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...) <= 30000
    error_message = "handlers.dispatch.memory_mb = ${var.handlers.dispatch.memory_mb} does not go with more than 30,000 executions at once, which pace or a window allows. Each tick reads all slots, and 100,000 of them take 127 MB. Give 256 or more."
  }
  validation {
    condition     = var.handlers.architecture == null ? true : contains(["arm64", "x86_64"], var.handlers.architecture)
    error_message = "handlers.architecture = \"${coalesce(var.handlers.architecture, "null")}\": Lambda has no such processor. Give arm64 or x86_64."
  }
}

variable "ledger" {
  description = "The record of every object event."
  type = object({
    # How long the row of a finished object event is kept.
    retention_days = optional(number, 90)
    # The table in the place of the module's own, such as that table restored
    # from a point in time; null: the own table. The own table stays.
    table = optional(object({ arn = string }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.ledger.table == null ? true : can(regex(module.forms.arns.table, var.ledger.table.arn))
    error_message = "ledger.table.arn = \"${try(var.ledger.table.arn, "")}\" is no ARN of a table. Give arn:aws:dynamodb:<region>:<account>:table/<name>."
  }
  validation {
    condition     = var.ledger.retention_days >= 29 && var.ledger.retention_days <= 3650 && floor(var.ledger.retention_days) == var.ledger.retention_days
    error_message = "ledger.retention_days = ${var.ledger.retention_days}: give a whole number from 29 to 3650. A row must outlive every message of its object event: 14 days in the queue and 14 in the dead-letter queue. Otherwise a redrive would start the event a second time."
  }
}

variable "platform" {
  description = "Settings that an organisation makes once for all its pipelines."
  type = object({
    # ARNs of the roles and users that run terraform apply, with * for any characters. The output
    # kms_key_policy_statements names them.
    appliers = optional(set(string), [])
    # Lambda runs signed zips only: a code signing configuration. Sign the zips of
    # a build, and give their hashes in handlers.manifest.
    code_signing = optional(object({ arn = string }))
    iam = optional(object({
      path                 = optional(string, "/")
      permissions_boundary = optional(string)
      role_name_prefix     = optional(string, "")
    }), {})
    # Encrypts queues, ledger, log groups, state machine and the functions'
    # environments; null: SSE-SQS and keys of AWS. Its policy needs the output
    # kms_key_policy_statements first.
    kms_key = optional(object({ arn = string }))
    logs = optional(object({
      retention_days = optional(number, 30)
    }), {})
    tags = optional(map(string), {})
    # X-Ray, of functions and state machine.
    tracing = optional(bool, false)
    # Your own network for the functions; null: Lambda's. It needs the endpoints
    # of the output vpc_endpoints, and no way to the internet.
    vpc = optional(object({
      security_group_ids = set(string)
      subnet_ids         = set(string)
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in var.platform.appliers : can(regex(module.forms.arns.role_or_user, arn))])
    error_message = "platform.appliers names ARNs that are neither roles nor users of IAM: ${join(", ", [for arn in var.platform.appliers : arn if !can(regex(module.forms.arns.role_or_user, arn))])}. Give ARNs such as arn:aws:iam::123456789012:role/deploy; for a session (arn:aws:sts::...:assumed-role/...) that of its role."
  }
  validation {
    condition     = var.platform.code_signing == null ? true : can(regex(module.forms.arns.code_signing, var.platform.code_signing.arn))
    error_message = "platform.code_signing.arn = \"${try(var.platform.code_signing.arn, "")}\" is no ARN of a code signing configuration. Give one such as arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0123456789abcdef0."
  }
  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.platform.iam.path))
    error_message = "platform.iam.path = \"${var.platform.iam.path}\": IAM takes no such path. Give one that starts and ends with /, such as /pipelines/."
  }
  validation {
    condition     = var.platform.iam.permissions_boundary == null ? true : can(regex(module.forms.arns.policy, var.platform.iam.permissions_boundary))
    error_message = "platform.iam.permissions_boundary = \"${coalesce(var.platform.iam.permissions_boundary, "null")}\" is no ARN of a managed policy. Give one such as arn:aws:iam::123456789012:policy/boundary."
  }
  validation {
    condition     = can(regex("^([0-9A-Za-z+=,.@_-]{0,31}[+=,.@_])?$", var.platform.iam.role_name_prefix))
    error_message = "platform.iam.role_name_prefix = \"${var.platform.iam.role_name_prefix}\" cannot begin the names of roles. Give up to 32 letters, digits and +=,.@_-, the last one of +=,.@_, such as \"team_\". Otherwise pipeline a with prefix \"b-\" and pipeline b-a with none would have roles of the same name."
  }
  validation {
    condition     = var.platform.kms_key == null ? true : can(regex(module.forms.arns.key, var.platform.kms_key.arn))
    error_message = "platform.kms_key.arn = \"${try(var.platform.kms_key.arn, "")}\" is no ARN of a key. Give that of a customer-managed key, arn:aws:kms:<region>:<account>:key/<id>, and no alias: policies know keys only. The policy of an AWS-managed key (alias/aws/...) cannot be changed to let S3 and EventBridge use it."
  }
  validation {
    condition     = contains(local._log_days, var.platform.logs.retention_days)
    error_message = "platform.logs.retention_days = ${var.platform.logs.retention_days}: CloudWatch Logs keeps lines for no such number of days. Give one of ${join(", ", local._log_days)}."
  }
  validation {
    condition     = var.platform.vpc == null ? true : length(var.platform.vpc.subnet_ids) > 0 && length(var.platform.vpc.security_group_ids) > 0
    error_message = "platform.vpc has ${try(length(var.platform.vpc.subnet_ids), 0)} subnets and ${try(length(var.platform.vpc.security_group_ids), 0)} security groups. A function in a network needs at least one of each: give ids such as { subnet_ids = [\"subnet-0123456789abcdef0\"], security_group_ids = [\"sg-0123456789abcdef0\"] }."
  }
  validation {
    condition     = var.platform.vpc == null ? true : alltrue([for id in var.platform.vpc.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))]) && alltrue([for id in var.platform.vpc.security_group_ids : can(regex("^sg-[0-9a-f]+$", id))])
    error_message = "platform.vpc names ids that are neither subnets nor security groups: ${join(", ", concat([for id in try(var.platform.vpc.subnet_ids, []) : id if !can(regex("^subnet-[0-9a-f]+$", id))], [for id in try(var.platform.vpc.security_group_ids, []) : id if !can(regex("^sg-[0-9a-f]+$", id))]))}. Give ids such as subnet-0123456789abcdef0 and sg-0123456789abcdef0."
  }
}

variable "protect" {
  description = "Keeps ledger and events queue from being deleted or purged, by Terraform too, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

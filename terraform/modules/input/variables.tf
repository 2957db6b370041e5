# -----------------------------------------------------------------------------
# Required
# -----------------------------------------------------------------------------

variable "handlers" {
  description = "The handlers' build: its manifest, where the zips are, and how they run."
  type = object({
    # The build's handlers.json, decoded.
    manifest = object({
      version  = string
      protocol = number
      handlers = map(map(object({
        file   = string
        sha256 = string
        bytes  = number
      })))
    })
    # arm64 or x86_64.
    architecture = optional(string, "arm64")
    # The zips are in a local directory,
    directory = optional(string)
    # or in a bucket, their keys being prefix and file name.
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
      # Most instances at once, 2 to 1000; null: 10, or one for each 25 starts a
      # second that pace or a window allows, if that is more.
      maximum_concurrency = optional(number)
    }), {})
  })
  nullable = false

  validation {
    condition     = (var.handlers.directory == null) != (var.handlers.s3 == null)
    error_message = "Give exactly one of handlers.directory and handlers.s3 as the place of the zips; ${var.handlers.directory == null ? "neither is" : "both are"} given."
  }
  validation {
    condition     = contains(["arm64", "x86_64"], var.handlers.architecture)
    error_message = "handlers.architecture = \"${var.handlers.architecture}\": Lambda has arm64 and x86_64."
  }
  validation {
    condition = alltrue([
      for handler in local._handlers :
      can(var.handlers.manifest.handlers[handler][var.handlers.architecture])
    ])
    error_message = "The manifest of version ${var.handlers.manifest.version} has no ${join(" and no ", [for handler in local._handlers : handler if !can(var.handlers.manifest.handlers[handler][var.handlers.architecture])])} for ${var.handlers.architecture}; it has ${join(", ", flatten([for handler, builds in var.handlers.manifest.handlers : [for architecture in keys(builds) : "${handler} for ${architecture}"]]))}. Build it (scripts/build --arch ${var.handlers.architecture}), or set another handlers.architecture.${contains(local._handlers, "reconcile") && !can(var.handlers.manifest.handlers["reconcile"]) ? " A build without reconcile is of a release before it: reconcile = { enabled = false } does without." : ""}"
  }
}

variable "name" {
  description = "Name of the pipeline; every name starts with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "\"${var.name}\" cannot be the name of a pipeline: 3 to 32 lower-case letters, digits and -, a letter first and no - last."
  }
}

variable "workflow" {
  description = "The state machine that works on the objects: a definition to make one of, or one that exists."
  type = object({
    # Amazon States Language (JSON). It is given {"attempt": 1, "objects":
    # [{"id": …, "bucket": …, "key": …, "versionId": …, "size": …, "etag": …}]}.
    definition = optional(string)
    # Or a state machine that exists, of type STANDARD: its ARN, or that of an
    # alias.
    state_machine = optional(object({ arn = string }))
    # "objects": as above; "s3-notification": {"Records": […]}, as S3 writes it.
    input_format = optional(string, "objects")
    # Most objects that one execution is given.
    events_per_execution = optional(number, 1)
    # What two uploads of one object do. "none": each starts on its own;
    # "latest": one at a time, and only the newest that waits; "each": one at a
    # time, all of them.
    order = optional(string, "none")
    # A name by which executions are started, and the versions it stands for;
    # null: none. Only with a definition.
    alias = optional(object({
      name                 = string
      previous_version_arn = optional(string)
      weight               = optional(number, 100)
    }))
    # What it may do. Only with a definition.
    policy_statements = optional(list(object({
      sid        = optional(string)
      effect     = optional(string, "Allow")
      actions    = list(string)
      resources  = list(string)
      conditions = optional(map(map(list(string))))
    })), [])
    # Longest time that an execution takes: one that hangs keeps its slot. Null:
    # the TimeoutSeconds of the definition, or 24 hours if it has none; 0: the
    # definition as it is. Only with a definition.
    timeout_seconds = optional(number)
    # ALL, ERROR, FATAL or OFF.
    log_level = optional(string, "ERROR")
    # Inputs and outputs into the log too.
    log_execution_data = optional(bool, false)
  })
  nullable = false

  validation {
    condition     = (var.workflow.definition == null) != (var.workflow.state_machine == null)
    error_message = "Give exactly one of workflow.definition (a state machine is made) and workflow.state_machine (one that exists is used); ${var.workflow.definition == null ? "neither is" : "both are"} given."
  }
  validation {
    condition     = var.workflow.state_machine == null ? true : can(regex("^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[^:]+(:[^:]+)?$", var.workflow.state_machine.arn))
    error_message = "workflow.state_machine.arn = \"${try(var.workflow.state_machine.arn, "")}\" is no ARN of a state machine or of its alias, such as arn:aws:states:eu-central-1:123456789012:stateMachine:reports or the same with :live."
  }
  validation {
    condition     = var.workflow.state_machine == null ? true : var.workflow.alias == null && var.workflow.timeout_seconds == null && length(var.workflow.policy_statements) == 0
    error_message = "workflow.state_machine is made elsewhere, and so are its alias, its timeout and what it may do: leave out alias, timeout_seconds and policy_statements, and give the alias's ARN as workflow.state_machine.arn."
  }
  validation {
    condition     = contains(["objects", "s3-notification"], var.workflow.input_format)
    error_message = "workflow.input_format = \"${var.workflow.input_format}\": it is \"objects\" or \"s3-notification\"."
  }
  validation {
    condition     = contains(["none", "latest", "each"], var.workflow.order)
    error_message = "workflow.order = \"${var.workflow.order}\": it is \"none\", \"latest\" or \"each\"."
  }
  validation {
    condition     = var.workflow.events_per_execution >= 1 && var.workflow.events_per_execution <= 100 && floor(var.workflow.events_per_execution) == var.workflow.events_per_execution
    error_message = "workflow.events_per_execution = ${var.workflow.events_per_execution}: give a whole number from 1 to 100."
  }
  validation {
    condition     = var.workflow.order == "none" || var.workflow.events_per_execution == 1
    error_message = "workflow.order = \"${var.workflow.order}\" with workflow.events_per_execution = ${var.workflow.events_per_execution}: an execution of several objects would hold up all of them for one. Set events_per_execution = 1, or order = \"none\"."
  }
  validation {
    condition = anytrue([
      alltrue([for via in local._vias : contains(local._cells, join(" / ", [var.workflow.order, var.workflow.events_per_execution > 1 ? "many" : "one", via, var.fifo ? "fifo" : "standard", var.workflow.input_format]))]),
      # Refused above.
      !contains(["none", "latest", "each"], var.workflow.order),
      !contains(["objects", "s3-notification"], var.workflow.input_format),
      var.workflow.order != "none" && var.workflow.events_per_execution > 1,
    ])
    error_message = "No test covers this combination of workflow.order, workflow.events_per_execution (one or many), via, queue and workflow.input_format: ${join(", ", [for via in local._vias : join(" / ", [var.workflow.order, var.workflow.events_per_execution > 1 ? "many" : "one", via, var.fifo ? "fifo" : "standard", var.workflow.input_format]) if !contains(local._cells, join(" / ", [var.workflow.order, var.workflow.events_per_execution > 1 ? "many" : "one", via, var.fifo ? "fifo" : "standard", var.workflow.input_format]))])}. For the same order there are ${join(", ", [for cell in local._cells : cell if startswith(cell, "${var.workflow.order} /")])}."
  }
}

# -----------------------------------------------------------------------------
# Optional
# -----------------------------------------------------------------------------

variable "ledger" {
  description = "The record of every object event."
  type = object({
    # How long the row of a finished object event is kept.
    retention_days = optional(number, 90)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.ledger.retention_days >= 29 && var.ledger.retention_days <= 3650 && floor(var.ledger.retention_days) == var.ledger.retention_days
    error_message = "ledger.retention_days = ${var.ledger.retention_days}: give a whole number from 29 to 3650. A row must outlive every message of its object event, 14 days in the queue and 14 in the dead-letter queue, or a redrive would start it a second time."
  }
}

variable "platform" {
  description = "What an organisation sets once for all its pipelines."
  type = object({
    # ARNs of the roles and users that run terraform apply, with * where you
    # like: named in the output kms_key_policy_statements.
    appliers = optional(set(string), [])
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
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in var.platform.appliers : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$", arn))])
    error_message = "platform.appliers names what is no role and no user of IAM: ${join(", ", [for arn in var.platform.appliers : arn if !can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$", arn))])}. Give ARNs such as arn:aws:iam::123456789012:role/deploy; for a session (arn:aws:sts::...:assumed-role/...) that of its role."
  }
  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.platform.iam.path))
    error_message = "platform.iam.path = \"${var.platform.iam.path}\": a path starts and ends with /, for instance /pipelines/."
  }
  validation {
    condition     = var.platform.iam.permissions_boundary == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.platform.iam.permissions_boundary))
    error_message = "platform.iam.permissions_boundary = \"${coalesce(var.platform.iam.permissions_boundary, "null")}\" is no ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary."
  }
  validation {
    condition     = can(regex("^([0-9A-Za-z+=,.@_-]{0,31}[+=,.@_])?$", var.platform.iam.role_name_prefix))
    error_message = "platform.iam.role_name_prefix = \"${var.platform.iam.role_name_prefix}\": give up to 32 letters, digits and +=,.@_-, the last one of +=,.@_, for instance \"team_\". Otherwise pipeline a with prefix \"b-\" and pipeline b-a with none had roles of one name."
  }
  validation {
    condition     = var.platform.kms_key == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.platform.kms_key.arn))
    error_message = "platform.kms_key.arn = \"${try(var.platform.kms_key.arn, "")}\" is no ARN of a key. Give that of a customer-managed key, arn:aws:kms:<region>:<account>:key/<id>, and no alias: policies know keys only, and the policy of an AWS-managed key (alias/aws/...) cannot be changed to let S3 and EventBridge use it."
  }
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.platform.logs.retention_days)
    error_message = "platform.logs.retention_days = ${var.platform.logs.retention_days}: CloudWatch Logs allows 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653."
  }
}

variable "protect" {
  description = "Keeps ledger and events queue from being deleted or purged, by Terraform too, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "retry" {
  description = "What follows a failed execution."
  type = object({
    # Attempts in all; after the last the object event is dead-lettered.
    max_attempts = optional(number, 3)
    # Wait before the second attempt, the third and so on; the last repeats.
    # Null: [30, 300], and [0] with fifo.
    backoff_seconds = optional(list(number))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.retry.max_attempts >= 1 && floor(var.retry.max_attempts) == var.retry.max_attempts
    error_message = "retry.max_attempts = ${var.retry.max_attempts}: give a whole number, 1 or more; 1 is no retry."
  }
  validation {
    condition     = var.retry.backoff_seconds == null ? true : length(var.retry.backoff_seconds) > 0
    error_message = "retry.backoff_seconds is empty. Give at least one number, for instance [30, 300]; [0] retries at once."
  }
  validation {
    condition     = alltrue([for seconds in coalesce(var.retry.backoff_seconds, []) : seconds >= 0 && seconds <= 900 && floor(seconds) == seconds])
    error_message = "retry.backoff_seconds = [${join(", ", coalesce(var.retry.backoff_seconds, []))}]: each is a whole number from 0 to 900, the longest delay that SQS has."
  }
  validation {
    condition     = var.fifo && var.retry.backoff_seconds != null ? alltrue([for seconds in var.retry.backoff_seconds : seconds == 0]) : true
    error_message = "retry.backoff_seconds = [${join(", ", coalesce(var.retry.backoff_seconds, []))}] with fifo = true: a message of a FIFO queue cannot be delayed. Give [0] or leave it out."
  }
}

variable "sweep" {
  description = "Looking after slots whose outcome never came."
  type = object({
    # Age at which a slot is looked at.
    after_seconds = optional(number, 300)
    # Most slots that one tick looks at.
    per_tick = optional(number, 50)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.sweep.after_seconds >= 1 && floor(var.sweep.after_seconds) == var.sweep.after_seconds
    error_message = "sweep.after_seconds = ${var.sweep.after_seconds}: give a whole number, 1 or more."
  }
  validation {
    condition     = var.sweep.per_tick >= 1 && var.sweep.per_tick <= 500 && floor(var.sweep.per_tick) == var.sweep.per_tick
    error_message = "sweep.per_tick = ${var.sweep.per_tick}: give a whole number from 1 to 500. Step Functions answers 10 to 15 such questions a second for the whole account."
  }
}

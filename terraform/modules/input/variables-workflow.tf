# -----------------------------------------------------------------------------
# Required
# -----------------------------------------------------------------------------

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
    # The order of two uploads of one object. "none": each starts on its own. "latest": one at a
    # time, and only the newest that waits. "each": one at a time, all of them.
    order = optional(string, "none")
    # A name by which executions are started, and the versions it stands for;
    # null: none. Only with a definition.
    alias = optional(object({
      name                 = string
      previous_version_arn = optional(string)
      weight               = optional(number, 100)
    }))
    # Its permissions. Only with a definition.
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
    condition     = var.workflow.state_machine == null ? true : can(regex(module.forms.arns.state_machine_or_part, var.workflow.state_machine.arn))
    error_message = "workflow.state_machine.arn = \"${try(var.workflow.state_machine.arn, "")}\" is no ARN of a state machine or of its alias. Give one such as arn:aws:states:eu-central-1:123456789012:stateMachine:reports, or the same with :live."
  }
  validation {
    condition     = var.workflow.state_machine == null ? true : var.workflow.alias == null && var.workflow.timeout_seconds == null && length(var.workflow.policy_statements) == 0
    error_message = "workflow.state_machine is made elsewhere, and so are its alias, its timeout and its permissions. Leave out ${join(" and ", concat(var.workflow.alias == null ? [] : ["alias"], var.workflow.timeout_seconds == null ? [] : ["timeout_seconds"], length(var.workflow.policy_statements) == 0 ? [] : ["policy_statements"]))}; to start by an alias, give its ARN as workflow.state_machine.arn."
  }
  validation {
    condition     = contains(["objects", "s3-notification"], var.workflow.input_format)
    error_message = "workflow.input_format = \"${var.workflow.input_format}\": Spillway writes no such input. Give \"objects\" or \"s3-notification\"."
  }
  validation {
    condition     = contains(["none", "latest", "each"], var.workflow.order)
    error_message = "workflow.order = \"${var.workflow.order}\": Spillway knows no such order. Give \"none\", \"latest\" or \"each\"."
  }
  validation {
    condition     = var.workflow.events_per_execution >= 1 && var.workflow.events_per_execution <= 100 && floor(var.workflow.events_per_execution) == var.workflow.events_per_execution
    error_message = "workflow.events_per_execution = ${var.workflow.events_per_execution}: an execution takes 1 to 100 objects. Give a whole number of them."
  }
  validation {
    # This and the next two: the allowed combinations, with the rule of fifo in
    # variables-intake.tf. docs/reference/matrix.md has the table.
    condition     = var.workflow.order == "none" || var.workflow.events_per_execution == 1
    error_message = "workflow.order = \"${var.workflow.order}\" with workflow.events_per_execution = ${var.workflow.events_per_execution}: an execution of several objects would hold up all of them for one. Set events_per_execution = 1, or order = \"none\"."
  }
  validation {
    condition     = var.workflow.events_per_execution == 1 || !var.fifo
    error_message = "workflow.events_per_execution = ${var.workflow.events_per_execution} with fifo = true: a FIFO queue keeps the versions of each object in order. An execution of several objects has no place in that order. Set events_per_execution = 1, or fifo = false."
  }
  validation {
    condition     = var.workflow.events_per_execution == 1 || var.workflow.input_format != "s3-notification"
    error_message = "workflow.events_per_execution = ${var.workflow.events_per_execution} with workflow.input_format = \"s3-notification\": an execution names the objects that failed by their ids, and S3's notification has no ids. Set input_format = \"objects\", or events_per_execution = 1."
  }
}

# -----------------------------------------------------------------------------
# Optional
# -----------------------------------------------------------------------------

variable "retry" {
  description = "Retries after a failed execution, and the backoff between them."
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
    error_message = "retry.max_attempts = ${var.retry.max_attempts}: the first attempt counts too. Give a whole number, 1 or more; 1 is no retry."
  }
  validation {
    condition     = var.retry.backoff_seconds == null ? true : length(var.retry.backoff_seconds) > 0
    error_message = "retry.backoff_seconds is empty. Give at least one number, for instance [30, 300]; [0] retries at once."
  }
  validation {
    condition     = alltrue([for seconds in coalesce(var.retry.backoff_seconds, []) : seconds >= 0 && seconds <= 900 && floor(seconds) == seconds])
    error_message = "retry.backoff_seconds = [${join(", ", coalesce(var.retry.backoff_seconds, []))}]: SQS delays a message by up to 900 seconds. Give whole numbers from 0 to 900."
  }
  validation {
    condition     = var.fifo && var.retry.backoff_seconds != null ? alltrue([for seconds in var.retry.backoff_seconds : seconds == 0]) : true
    error_message = "retry.backoff_seconds = [${join(", ", coalesce(var.retry.backoff_seconds, []))}] with fifo = true: a message of a FIFO queue cannot be delayed. Give [0] or leave it out."
  }
}

# Written by scripts/variables from modules/input/variables-workflow.tf, which has types and rules.

variable "workflow" {
  description = <<-EOT
    The state machine that works on the objects: a definition to make one of, or one that exists.

    - `definition` (text, default null): Amazon States Language (JSON). It is given {"attempt": 1, "objects": [{"id": …, "bucket": …, "key": …, "versionId": …, "size": …, "etag": …}]}.
    - `state_machine` (object): Or a state machine that exists, of type STANDARD: its ARN, or that of an alias.
      - `arn` (text, required)
    - `input_format` (text, default "objects"): "objects": as above; "s3-notification": {"Records": […]}, as S3 writes it.
    - `events_per_execution` (number, default 1): Most objects that one execution is given.
    - `order` (text, default "none"): The order of two uploads of one object. "none": each starts on its own. "latest": one at a time, and only the newest that waits. "each": one at a time, all of them.
    - `alias` (object): A name by which executions are started, and the versions it stands for; null: none. Only with a definition.
      - `name` (text, required)
      - `previous_version_arn` (text, default null)
      - `weight` (number, default 100)
    - `policy_statements` (list of objects): Its permissions. Only with a definition.
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

variable "retry" {
  description = <<-EOT
    Retries after a failed execution, and the backoff between them.

    - `max_attempts` (number, default 3): Attempts in all; after the last the object event is dead-lettered.
    - `backoff_seconds` (list of numbers, default null): Wait before the second attempt, the third and so on; the last repeats. Null: [30, 300], and [0] with fifo.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "name" {
  description = "Name of the pipeline: the metrics' dimension, and the first part of the names of its functions and queues."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the pipeline: part of the dashboard's name, since dashboards are the account's."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+(-[a-z0-9]+)+$", var.region))
    error_message = "region = \"${var.region}\" is no Region. Give one such as eu-central-1."
  }
}

variable "state_machine" {
  description = "The state machine of the executions that are started."
  type        = object({ arn = string })
  nullable    = false
}

variable "alarm_arns" {
  description = "ARNs of the alarms whose states are shown; []: a text says how to add some."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "fifo" {
  description = "Whether the events queues are FIFO queues: their names end in .fifo."
  type        = bool
  default     = false
  nullable    = false
}

variable "handlers" {
  description = "The pipeline's functions: dispatch and settle, and ingest and reconcile if it has them."
  type        = set(string)
  default     = ["dispatch", "settle", "reconcile"]
  nullable    = false
}

variable "lanes" {
  description = "Names of the lanes."
  type        = set(string)
  default     = ["default"]
  nullable    = false
}

variable "ledger" {
  description = <<-EOT
    The pipeline's ledger; null: the table that is called after the pipeline.

    - `name` (text, required)
  EOT
  type        = object({ name = string })
  default     = null
}

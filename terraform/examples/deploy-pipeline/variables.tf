variable "architecture" {
  description = "Architecture of the functions, arm64 or x86_64; null: the one that the build has."
  type        = string
  default     = null
}

variable "canary" {
  description = <<-EOT
    Which versions of the workflow get the starts; {}: the newest gets all. The script deploy.sh sets it.

    - `previous_version_arn` (text, default null): The version that ran so far.
    - `weight` (number, default 100): Share of the newest version, in percent.
  EOT
  type = object({
    previous_version_arn = optional(string)
    weight               = optional(number, 100)
  })
  default  = {}
  nullable = false
}

variable "handlers_directory" {
  description = "Directory of a build of your own, with handlers.json; null: the functions of the release."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the pipeline; every name starts with it."
  type        = string
  default     = "device-status"
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the pipeline's roles: the output permissions_boundary of the example deploy-roles."
  type        = string
  default     = null
}

variable "protect" {
  description = "Keeps ledger, queue and bucket from an accidental destroy, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "region" {
  description = "AWS Region; null: the one of the environment."
  type        = string
  default     = null
}

variable "retry" {
  description = "Retries after a failed execution, and the backoff between them."
  type = object({
    max_attempts    = optional(number, 3)
    backoff_seconds = optional(list(number))
  })
  default  = {}
  nullable = false
}

variable "schedule" {
  description = "When dispatch runs, and for how long."
  type = object({
    expression   = optional(string, "rate(1 minute)")
    tick_seconds = optional(number)
    idle         = optional(string, "stop")
    enabled      = optional(bool, true)
  })
  default  = {}
  nullable = false
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "workflow_file" {
  description = "File of the workflow's definition; null: workflow.asl.json of this directory."
  type        = string
  default     = null
}

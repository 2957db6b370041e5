variable "architecture" {
  description = "Architecture of the functions, arm64 or x86_64; null: the one that the build has."
  type        = string
  default     = null
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

variable "pace" {
  description = "The numbers that bound a tick."
  type = object({
    max_concurrency   = number
    starts_per_second = optional(number, 25)
    burst             = optional(number, 50)
    starts_per_tick   = optional(number)
    adapt             = optional(object({ errors = list(string) }))
  })
  default  = { max_concurrency = 100 }
  nullable = false
}

variable "protect" {
  description = "Keeps tables, queue and bucket from an accidental destroy, until it is switched off and applied."
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
    backoff_seconds = optional(list(number), [30, 300])
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

variable "sweep" {
  description = "The sweep, which looks after slots whose outcome never came."
  type = object({
    after_seconds = optional(number, 300)
    per_tick      = optional(number, 50)
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

variable "tenants" {
  description = "The bound of each tenant, by a segment of the key or a pattern with one group; null: none."
  type        = object({ by = string, max_concurrency = number })
  default     = null
}

variable "workflow_timeout_seconds" {
  description = "Longest time that the work on one report can take."
  type        = number
  default     = 900
  nullable    = false
}

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

variable "job_runs" {
  description = "Runs of the job at the same time: its MaxConcurrentRuns, and the executions that Spillway keeps running."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.job_runs >= 1 && floor(var.job_runs) == var.job_runs
    error_message = "job_runs = ${var.job_runs} is no number of job runs. Give a whole number from 1 to this job's part of your account's quota of concurrent job runs."
  }
}

variable "job_timeout_minutes" {
  description = "Longest time that a run of the job can take."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.job_timeout_minutes >= 1 && floor(var.job_timeout_minutes) == var.job_timeout_minutes
    error_message = "job_timeout_minutes = ${var.job_timeout_minutes}: Glue counts in whole minutes. Give a whole number, 1 or more."
  }
}

variable "name" {
  description = "Name of the pipeline; every name starts with it."
  type        = string
  default     = "status-compact"
  nullable    = false
}

variable "protect" {
  description = "Keeps ledger, queues and buckets from an accidental destroy, until it is switched off and applied."
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
  description = "Retries after a failure, a batch's or that of objects it reports, and the backoff between them."
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

variable "starts_per_second" {
  description = "Most starts in a second."
  type        = number
  default     = 5
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

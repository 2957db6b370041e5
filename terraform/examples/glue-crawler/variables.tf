variable "alarm_actions" {
  description = "ARNs that the crawler's alarms notify, usually an SNS topic."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "architecture" {
  description = "Architecture of the functions, arm64 or x86_64; null: the one that the build has."
  type        = string
  default     = null
}

variable "crawl_schedule" {
  description = "When the crawler runs, in UTC; null: by hand."
  type        = string
  default     = "cron(15 * * * ? *)"
}

variable "handlers_directory" {
  description = "Directory of a build of your own, with handlers.json; null: the functions of the release."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the pipeline and, with _ for -, of the database; every name starts with it."
  type        = string
  default     = "status-catalogue"
  nullable    = false
}

variable "pace" {
  description = "The numbers that bound a tick."
  type = object({
    max_concurrency   = number
    starts_per_second = optional(number, 25)
    burst             = optional(number, 50)
    starts_per_tick   = optional(number)
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

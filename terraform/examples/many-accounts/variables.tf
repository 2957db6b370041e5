variable "account" {
  description = "Which account of accounts.yaml this is: a name there, and the name of the state."
  type        = string
  nullable    = false
}

variable "accounts_file" {
  description = "The table of all accounts; null: accounts.yaml of this directory."
  type        = string
  default     = null
}

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

variable "protect" {
  description = "Keeps ledgers, queues and buckets from an accidental destroy, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
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

variable "handlers_manifest" {
  description = "Path of the handlers.json that scripts/build made."
  type        = string
  nullable    = false
}

variable "handlers_bucket" {
  description = "Name of the bucket that holds the zips."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Architecture of the handlers: arm64 or x86_64."
  type        = string
  nullable    = false
}

variable "lanes" {
  description = "The values that change while the tests of the lanes run."
  type = object({
    # Most starts of the pipeline on one UTC day.
    starts_per_day = optional(number)
    # Whether its window that pauses is in force.
    frozen = optional(bool, false)
    # Executions of the lane default at once, at most.
    default_at_once = optional(number)
    # Whether it is protected.
    protect = optional(bool, false)
    # Whether it has the lane urgent.
    urgent = optional(bool, true)
    # Executions of one tenant at once, at most. The third segment of a key is its tenant.
    of_tenant_at_once = optional(number)
  })
  default  = {}
  nullable = false
}

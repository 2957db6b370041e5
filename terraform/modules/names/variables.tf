variable "name" {
  description = "Name of the pipeline."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "\"${var.name}\" cannot begin the names of queues and functions. Give the pipeline 3 to 32 lower-case letters, digits and -, a letter first and no - last."
  }
}

variable "region" {
  description = "Region of the pipeline: part of the names of its roles and its dashboard, and of no other."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+(-[a-z0-9]+)+$", var.region))
    error_message = "region = \"${var.region}\" is no Region. Give one such as eu-central-1."
  }
}

variable "lanes" {
  description = "Names of the lanes."
  type        = set(string)
  default     = ["default"]
  nullable    = false

  validation {
    condition     = alltrue([for lane in var.lanes : can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", lane))])
    error_message = "These names of lanes cannot be part of the names of queues: ${join(", ", [for lane in var.lanes : "\"${lane}\"" if !can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", lane))])}. Give 1 to 16 lower-case letters, digits and -, a letter first and no - last."
  }
}

variable "role_name_prefix" {
  description = "The first part of the roles' names. Its end is no part of a pipeline's name: one of +=,.@_."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([0-9A-Za-z+=,.@_-]{0,31}[+=,.@_])?$", var.role_name_prefix))
    error_message = "role_name_prefix = \"${var.role_name_prefix}\" cannot begin the names of roles. Give up to 32 letters, digits and +=,.@_-, the last one of +=,.@_, such as \"team_\". Otherwise pipeline a with prefix \"b-\" and pipeline b-a with none would have roles of the same name."
  }
}

variable "sources" {
  description = "The sources, as <bucket key>.<source key>."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for source in var.sources : can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?[.][a-z]([a-z0-9-]{0,30}[a-z0-9])?$", source))])
    error_message = "These sources cannot be part of the names of rules: ${join(", ", [for source in var.sources : "\"${source}\"" if !can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?[.][a-z]([a-z0-9-]{0,30}[a-z0-9])?$", source))])}. Give <bucket key>.<source key>, each of 1 to 32 lower-case letters, digits and -, a letter first and no - last."
  }
}

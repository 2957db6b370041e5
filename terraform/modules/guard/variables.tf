variable "names" {
  description = "Names of the topics, one for each thing whose removal is to be refused, by a key of your choice. Terraform's error shows the name: let it say the remedy."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for name in var.names : can(regex("^[0-9A-Za-z_-]{1,256}$", name))])
    error_message = "SNS takes no topics of these names: ${join(", ", [for name in var.names : "\"${name}\"" if !can(regex("^[0-9A-Za-z_-]{1,256}$", name))])}. Give each 1 to 256 letters, digits, - and _."
  }
}

variable "protect" {
  description = "Denies everyone to delete the topics, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "tags" {
  description = "Tags of the topics."
  type        = map(string)
  default     = {}
  nullable    = false
}

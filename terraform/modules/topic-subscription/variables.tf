variable "dead_letter_queue" {
  description = "Queue for messages that could not be delivered; its policy must let the topic send to it."
  type        = object({ arn = string })
  nullable    = false
}

variable "queue" {
  description = "Queue that takes the messages; its policy must let the topic send to it."
  type        = object({ arn = string })
  nullable    = false
}

variable "topic" {
  description = "The topic; its policy must let this account subscribe."
  type        = object({ arn = string })
  nullable    = false
}

variable "filter_policy" {
  description = "Filter (JSON) on the message's body; null: every message."
  type        = string
  default     = null

  validation {
    condition     = var.filter_policy == null ? true : can(keys(jsondecode(var.filter_policy)))
    error_message = "filter_policy is no JSON object: ${coalesce(var.filter_policy, "null")}. Write it with jsonencode(), for instance jsonencode({ Records = { s3 = { object = { key = [{ prefix = \"status/\" }] } } } })."
  }
}

variable "raw_delivery" {
  description = "Whether the message comes as it was published, without SNS's envelope."
  type        = bool
  default     = true
  nullable    = false
}

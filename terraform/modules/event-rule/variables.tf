variable "bucket" {
  description = <<-EOT
    The bucket, and the account that owns it; it must send its events to EventBridge.

    - `name` (text, required)
    - `account_id` (text, required)
  EOT
  type        = object({ name = string, account_id = string })
  nullable    = false
}

variable "dead_letter_queue" {
  description = "Queue for events that could not be delivered; its policy must let the rule send to it."
  type        = object({ arn = string })
  nullable    = false
}

variable "name" {
  description = "Name of the rule."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_.-]{1,64}$", var.name))
    error_message = "EventBridge takes no rule named \"${var.name}\". Give 1 to 64 letters, digits, -, . and _."
  }
}

variable "queue" {
  description = "Queue that takes the events; its policy must let the rule send to it."
  type        = object({ arn = string })
  nullable    = false
}

variable "max_size" {
  description = "Largest object, in bytes; null: any."
  type        = number
  default     = null

  validation {
    condition     = var.max_size == null ? true : var.max_size >= coalesce(var.min_size, 0) && floor(var.max_size) == var.max_size
    error_message = "max_size = ${coalesce(var.max_size, -1)}: give whole bytes, not less than min_size = ${coalesce(var.min_size, 0)}; leave it out for objects of any size."
  }
}

variable "min_size" {
  description = "Smallest object, in bytes; null: any."
  type        = number
  default     = null

  validation {
    condition     = var.min_size == null ? true : var.min_size >= 0 && floor(var.min_size) == var.min_size
    error_message = "min_size = ${coalesce(var.min_size, -1)}: give whole bytes, 0 or more; leave it out for objects of any size."
  }
}

variable "prefix" {
  description = "The first part of a key, literally; \"\": anything."
  type        = string
  default     = ""
  nullable    = false
}

variable "reasons" {
  description = "API calls whose objects are taken in; null: all."
  type        = set(string)
  default     = null

  validation {
    condition     = var.reasons == null ? true : length(var.reasons) > 0 && length(setsubtract(var.reasons, ["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"])) == 0
    error_message = "reasons = [${join(", ", coalesce(var.reasons, []))}]: S3 gives no such reason. Give some of PutObject, POST Object, CopyObject and CompleteMultipartUpload, or leave it out for all of them."
  }
}

variable "suffix" {
  description = "The last part of a key, literally; \"\": anything."
  type        = string
  default     = ""
  nullable    = false
}

variable "tags" {
  description = "Tags of the rule."
  type        = map(string)
  default     = {}
  nullable    = false
}

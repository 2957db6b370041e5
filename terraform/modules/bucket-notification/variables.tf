variable "bucket" {
  description = "Name of the bucket."
  type        = string
  nullable    = false
}

variable "eventbridge" {
  description = "Whether the bucket sends all its events to EventBridge too."
  type        = bool
  default     = false
  nullable    = false
}

variable "functions" {
  description = <<-EOT
    Every function entry of the bucket, by its id. What is not here is removed from the bucket.

    - `function` (object, required): The function; its policy must already let S3 invoke it.
      - `arn` (text, required)
    - `events` (set of texts, default ["s3:ObjectCreated:*"]): Event types.
    - `prefix` (text, default ""): What a key starts with, not URL-encoded; "": anything.
    - `suffix` (text, default ""): What a key ends with, not URL-encoded; "": anything.
  EOT
  type = map(object({
    function = object({ arn = string })
    events   = optional(set(string), ["s3:ObjectCreated:*"])
    prefix   = optional(string, "")
    suffix   = optional(string, "")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.functions) : can(regex("^[^[:cntrl:]]{1,255}$", key))])
    error_message = "S3 takes no notification entries with these ids: ${join(", ", [for key in keys(var.functions) : "\"${key}\"" if !can(regex("^[^[:cntrl:]]{1,255}$", key))])}. Give each 1 to 255 characters, none of them a control character."
  }
  validation {
    condition     = alltrue([for entry in var.functions : length(entry.events) > 0])
    error_message = "These notification entries name no event type: ${join(", ", [for key, entry in var.functions : key if length(entry.events) == 0])}. Name one, for instance s3:ObjectCreated:*."
  }
  validation {
    condition = alltrue(flatten([
      for entry in var.functions : [
        for event in entry.events : can(regex(local._event, event))
      ]
    ]))
    error_message = "S3 knows no event type ${join(", ", flatten([for key, entry in var.functions : [for event in entry.events : "\"${event}\" (${key})" if !can(regex(local._event, event))]]))}. For uploads give s3:ObjectCreated:*, or with :Put, :Post, :Copy or :CompleteMultipartUpload in place of :*."
  }
  validation {
    condition = alltrue([
      for entry in var.functions :
      !strcontains(entry.prefix, "*") && !strcontains(entry.suffix, "*")
    ])
    error_message = "A prefix or suffix is compared literally, * matches nothing else: ${join(", ", [for key, entry in var.functions : "${key} has prefix \"${entry.prefix}\", suffix \"${entry.suffix}\"" if strcontains(entry.prefix, "*") || strcontains(entry.suffix, "*")])}. Leave the * out."
  }
}

variable "queues" {
  description = <<-EOT
    Every queue entry of the bucket, by its id. What is not here is removed from the bucket.

    - `queue` (object, required): The queue; its policy must already let S3 send to it.
      - `arn` (text, required)
    - `events` (set of texts, default ["s3:ObjectCreated:*"]): Event types.
    - `prefix` (text, default ""): What a key starts with, not URL-encoded; "": anything.
    - `suffix` (text, default ""): What a key ends with, not URL-encoded; "": anything.
  EOT
  type = map(object({
    queue  = object({ arn = string })
    events = optional(set(string), ["s3:ObjectCreated:*"])
    prefix = optional(string, "")
    suffix = optional(string, "")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.queues) + length(var.functions) <= 100
    error_message = "The bucket would have ${length(var.queues) + length(var.functions)} notification entries; S3 allows 100. Use fewer and wider filters."
  }
  validation {
    condition     = length(setintersection(keys(var.queues), keys(var.functions))) == 0
    error_message = "These ids are given to a queue and to a function: ${join(", ", setintersection(keys(var.queues), keys(var.functions)))}. An id names one entry of the bucket: change one."
  }
  validation {
    condition     = alltrue([for key in keys(var.queues) : can(regex("^[^[:cntrl:]]{1,255}$", key))])
    error_message = "S3 takes no notification entries with these ids: ${join(", ", [for key in keys(var.queues) : "\"${key}\"" if !can(regex("^[^[:cntrl:]]{1,255}$", key))])}. Give each 1 to 255 characters, none of them a control character."
  }
  validation {
    condition     = alltrue([for queue in var.queues : length(queue.events) > 0])
    error_message = "These notification entries name no event type: ${join(", ", [for key, queue in var.queues : key if length(queue.events) == 0])}. Name one, for instance s3:ObjectCreated:*."
  }
  validation {
    condition = alltrue(flatten([
      for queue in var.queues : [
        for event in queue.events : can(regex(local._event, event))
      ]
    ]))
    error_message = "S3 knows no event type ${join(", ", flatten([for key, queue in var.queues : [for event in queue.events : "\"${event}\" (${key})" if !can(regex(local._event, event))]]))}. For uploads give s3:ObjectCreated:*, or with :Put, :Post, :Copy or :CompleteMultipartUpload in place of :*."
  }
  validation {
    condition = alltrue([
      for queue in var.queues :
      !strcontains(queue.prefix, "*") && !strcontains(queue.suffix, "*")
    ])
    error_message = "A prefix or suffix is compared literally, * matches nothing else: ${join(", ", [for key, queue in var.queues : "${key} has prefix \"${queue.prefix}\", suffix \"${queue.suffix}\"" if strcontains(queue.prefix, "*") || strcontains(queue.suffix, "*")])}. Leave the * out."
  }
}

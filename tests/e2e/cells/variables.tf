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

variable "input_format" {
  description = "The form of these pipelines' execution inputs: objects or s3-notification."
  type        = string
  default     = "objects"
  nullable    = false
}

variable "filters" {
  description = <<-EOT
    What is compared, by a key of your choice.

    - `bucket` (text, default ""): Filters of two buckets never overlap.
    - `events` (set of texts, required): Event types of S3.
    - `prefix` (text, required): What a key starts with; "": anything.
    - `suffix` (text, required): What a key ends with; "": anything.
    - `min_size` (number, default null): Smallest and largest object, in bytes; null: any.
    - `max_size` (number, default null)
  EOT
  type = map(object({
    bucket   = optional(string, "")
    events   = set(string)
    prefix   = string
    suffix   = string
    min_size = optional(number)
    max_size = optional(number)
  }))
  nullable = false
}

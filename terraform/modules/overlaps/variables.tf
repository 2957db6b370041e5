variable "filters" {
  description = "What is compared, by a key of your choice."
  type = map(object({
    # Filters of two buckets never overlap.
    bucket = optional(string, "")
    # Event types of S3.
    events = set(string)
    # What a key starts with; "": anything.
    prefix = string
    # What a key ends with; "": anything.
    suffix = string
    # Smallest and largest object, in bytes; null: any.
    min_size = optional(number)
    max_size = optional(number)
  }))
  nullable = false
}

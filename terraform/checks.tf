# Advice, not rules: a check warns and lets the apply go on.

# A workflow that writes where one of its own sources takes in starts itself,
# again and again. Wildcards, conditions and what Deny takes back are read so
# that a possible loop is named rather than missed.
locals {
  # What makes S3 raise an object-created event.
  _creating_actions = ["s3:PutObject", "s3:CopyObject", "s3:ReplicateObject"]

  _writes = flatten([
    for i, statement in var.workflow.policy_statements : [
      for resource in statement.resources : {
        statement = statement.sid == null ? "number ${i + 1}" : statement.sid
        resource  = resource
      }
    ]
    if statement.effect == "Allow" && anytrue([
      for pair in setproduct(statement.actions, local._creating_actions) : can(regex(
        "(?i)^${replace(replace(pair[0], "*", ".*"), "?", ".")}$", pair[1]
      ))
    ])
  ])

  # Each resource as a pattern of bucket/key: "*" if it may be anything, "" if
  # it is no object of a bucket. A policy variable may be anything.
  _write_patterns = [
    for write in local._writes : merge(write, {
      pattern = replace(
        can(regex("^arn:[^:]*:s3:[*]?:[*]?:", write.resource))
        ? regex("^arn:[^:]*:s3:[*]?:[*]?:(.*)$", write.resource)[0]
        : can(regex("^arn:[^:]*:[^:*?]+:", write.resource)) ? "" : "*",
        "/[$][{][^}]*[}]/", "*"
      )
    })
  ]

  # Prefix and suffix of a source against what a pattern has before its first
  # wildcard and after its last.
  _loops = flatten([
    for write in local._write_patterns : [
      for key, bucket in var.buckets : [
        for name, source in bucket.sources :
        "statement ${write.statement} allows it on ${write.resource}, and source ${key}.${name} takes in ${bucket.name}/${source.prefix}*${source.suffix}"
        if(
          can(regex("[*?]", write.pattern))
          ? alltrue([
            (
              startswith("${bucket.name}/${source.prefix}", regex("^[^*?]*", write.pattern))
              || startswith(regex("^[^*?]*", write.pattern), "${bucket.name}/${source.prefix}")
            ),
            (
              endswith(source.suffix, regex("[^*?]*$", write.pattern))
              || endswith(regex("[^*?]*$", write.pattern), source.suffix)
            ),
          ])
          : startswith(write.pattern, "${bucket.name}/${source.prefix}") && endswith(write.pattern, source.suffix)
        )
      ]
    ]
  ])
}

check "workflow_does_not_start_itself" {
  assert {
    condition     = length(local._loops) == 0
    error_message = <<-EOT
      workflow.policy_statements lets the workflow put objects where they start it again: ${join("; ", local._loops)}.
      Each execution that writes there starts another, without end. Let it write to a prefix that no source covers (as results/ beside status/), or to another bucket, and name only that in the statement.
    EOT
  }
}

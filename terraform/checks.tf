# Advice, not rules: a check warns and lets the apply go on.

# A workflow that writes into one of its own sources starts itself,
# again and again. Wildcards, conditions and Deny statements are read so
# that a possible loop is named rather than missed.
locals {
  # The calls after which S3 raises an object-created event.
  _creating_actions = ["s3:PutObject", "s3:CopyObject", "s3:ReplicateObject"]

  _writes = flatten([
    for i, statement in module.input.workflow.policy_statements : [
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

  # Each resource as a pattern of bucket/key: "*" if it can be anything, "" if
  # it is no object of a bucket. A policy variable can be anything.
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

  # Prefix and suffix of a source against the parts of a pattern before its first
  # wildcard and after its last.
  _loops = flatten([
    for write in local._write_patterns : [
      for key, bucket in module.input.buckets : [
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
      workflow.policy_statements lets the workflow put objects that start it again: ${join("; ", local._loops)}.
      Each execution that writes there starts another, without end. Let it write to a prefix that no source covers (as results/ beside status/), or to another bucket. Name only that in the statement.
    EOT
  }
}

# Prefixes and suffixes that hardly any key begins or ends with. Each of them can
# be meant, for S3 takes every text as a key: so a plan warns and refuses none.
locals {
  _filters = {
    for key, source in module.input.sources :
    key => { for end in ["prefix", "suffix"] : end => source[end] if source[end] != "" }
  }
  _encoded = flatten([
    for key, ends in local._filters : [
      for end, text in ends : "${key}.${end} = \"${text}\"" if can(regex("%[0-9A-Fa-f]{2}", text))
    ]
  ])
  _slashed = [
    for key, source in module.input.sources : "${key}.prefix = \"${source.prefix}\"" if startswith(source.prefix, "/")
  ]
}

check "prefixes_begin_as_keys_do" {
  assert {
    condition     = length(local._slashed) == 0
    error_message = <<-EOT
      These prefixes begin with /, and keys seldom do: ${join(", ", local._slashed)}.
      The key of s3://bucket/status/a.json is status/a.json. With these prefixes no event would ever come. Take the / away, unless the bucket's keys really begin with it (s3://bucket//status/a.json).
    EOT
  }
}

check "filters_are_not_url_encoded" {
  assert {
    condition     = length(local._encoded) == 0
    error_message = <<-EOT
      These prefixes and suffixes look URL-encoded: ${join(", ", local._encoded)}.
      As they are, they match only keys that have the % in them. Write = for %3D and a space for %20: Spillway encodes them for S3.
    EOT
  }
}

# A segment that lies within the prefix of every source names one tenant for all objects.
locals {
  _tenant_segment = try(tonumber(module.input.tenants.by), 0)
  _tenants_of_prefixes = [
    for source in values(module.input.sources) :
    try(local._tenant_segment > 0 ? slice(split("/", source.prefix), 0, length(split("/", source.prefix)) - 1)[local._tenant_segment - 1] : "", "")
  ]
}

check "tenants_are_several" {
  assert {
    condition     = length(module.input.topics) > 0 || length(distinct(local._tenants_of_prefixes)) != 1 || contains(local._tenants_of_prefixes, "")
    error_message = <<-EOT
      tenants.by = "${local._tenant_segment}" names the same tenant for every object: "${join("", distinct(local._tenants_of_prefixes))}". That segment lies within the prefix of each source.
      So tenants.max_concurrency bounds the pipeline as a whole. Give the number of a segment behind the prefix, or set pace.max_concurrency instead.
    EOT
  }
}

# -----------------------------------------------------------------------------
# Required
# -----------------------------------------------------------------------------

variable "buckets" {
  description = "Buckets whose uploads start executions, by a key of your choice."
  type = map(object({
    # Name of the bucket; it can be unknown at plan.
    name = string
    # Account that owns the bucket; null: this account.
    account_id = optional(string)
    # "owned": this module writes the bucket's one notification configuration,
    # and removes entries that it does not know. "external": someone else writes it,
    # with the output bucket_notifications.
    notification = string
    # The objects that are taken in, by a key of your choice.
    sources = map(object({
      # The first part of a key, as the key is and not URL-encoded; "": anything.
      prefix = optional(string, "")
      # The last part of a key, as the key is and not URL-encoded; "": anything.
      suffix = optional(string, "")
      # How events come. "sqs": straight from S3 into the queue. "lambda": by a function that writes
      # the ledger first. "eventbridge": by a rule. A rule with prefix and suffix has a wildcard,
      # and an event bus takes 30 such rules in all.
      via = optional(string, "sqs")
      # The lane they go to; null: the first.
      lane = optional(string)
      # Object-created event types; with "eventbridge", use reasons.
      events = optional(set(string), ["s3:ObjectCreated:*"])
      # Only with "eventbridge": the API calls PutObject, POST Object,
      # CopyObject, CompleteMultipartUpload; null: all.
      reasons = optional(set(string))
      # Only with "eventbridge": smallest and largest object, in bytes.
      min_size = optional(number)
      max_size = optional(number)
      # Whether empty objects with keys that end with / are processed. S3's console shows folders by
      # them.
      folder_markers = optional(bool, false)
    }))
  }))
  nullable = false

  validation {
    condition     = length(var.buckets) > 0 || length(var.topics) > 0
    error_message = "buckets is empty, and so is topics: nothing would ever start. Name at least one bucket, or a topic that buckets notify."
  }
  validation {
    condition     = alltrue([for key in keys(var.buckets) : can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", key))])
    error_message = "These keys of buckets cannot be part of the names of rules: ${join(", ", [for key in keys(var.buckets) : "\"${key}\"" if !can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", key))])}. Give 1 to 32 lower-case letters, digits and -, a letter first and no - last."
  }
  validation {
    condition     = length(distinct([for bucket in var.buckets : bucket.name])) == length(var.buckets)
    error_message = "A bucket is named twice: ${join(", ", [for key, bucket in var.buckets : "${key} = ${bucket.name}"])}. A bucket has one notification configuration: give it one entry with several sources."
  }
  validation {
    condition     = alltrue([for bucket in var.buckets : length(bucket.sources) > 0])
    error_message = "These buckets have no source: ${join(", ", [for key, bucket in var.buckets : key if length(bucket.sources) == 0])}. Give each at least one; sources = { all = {} } takes in every object."
  }
  validation {
    condition     = alltrue([for bucket in var.buckets : contains(["owned", "external"], bucket.notification)])
    error_message = "These buckets have a notification that Spillway does not know: ${join(", ", [for key, bucket in var.buckets : "\"${bucket.notification}\" (${key})" if !contains(["owned", "external"], bucket.notification)])}. Give \"owned\" to let this module write the bucket's notifications, or \"external\" if they are written elsewhere."
  }
  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.account_id == null ? true : can(regex("^[0-9]{12}$", bucket.account_id))])
    error_message = "An account id has 12 digits: ${join(", ", [for key, bucket in var.buckets : "${key} says \"${bucket.account_id}\"" if bucket.account_id == null ? false : !can(regex("^[0-9]{12}$", bucket.account_id))])}. Leave account_id out for a bucket of this account."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in keys(bucket.sources) : can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", source))]]))
    error_message = "These keys of sources cannot be part of the names of rules: ${join(", ", flatten([for key, bucket in var.buckets : [for source in keys(bucket.sources) : "\"${source}\" (${key})" if !can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", source))]]))}. Give 1 to 32 lower-case letters, digits and -, a letter first and no - last."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : contains(["sqs", "lambda", "eventbridge"], source.via)]]))
    error_message = "No events come as these sources say: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source} via \"${filter.via}\"" if !contains(["sqs", "lambda", "eventbridge"], filter.via)]]))}. Give via = \"sqs\", \"lambda\" or \"eventbridge\"."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : source.lane == null ? true : contains(keys(local._lanes), source.lane)]]))
    error_message = "These sources name a lane that nobody defined: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source} = \"${filter.lane}\"" if filter.lane == null ? false : !contains(keys(local._lanes), filter.lane)]]))}. There are ${join(", ", keys(local._lanes))}: name one of them, or add it to lanes."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : source.via == "eventbridge" || (source.reasons == null && source.min_size == null && source.max_size == null)]]))
    error_message = "Only EventBridge can tell sizes and reasons apart; these sources do not come via \"eventbridge\": ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source}" if filter.via != "eventbridge" && (filter.reasons != null || filter.min_size != null || filter.max_size != null)]]))}. Set via = \"eventbridge\", or leave out reasons, min_size and max_size (events tells kinds of uploads apart)."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : source.via != "eventbridge" || join(",", source.events) == "s3:ObjectCreated:*"]]))
    error_message = "These sources come via \"eventbridge\", whose events have reasons instead of S3's event types: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source}" if filter.via == "eventbridge" && join(",", filter.events) != "s3:ObjectCreated:*"]]))}. Leave events out and give reasons, such as [\"PutObject\"]."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : source.reasons == null ? true : length(source.reasons) > 0 && length(setsubtract(source.reasons, local._reasons)) == 0]]))
    error_message = "S3 gives the reasons ${join(", ", local._reasons)}; these sources name none or others: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source} has [${join(", ", coalesce(filter.reasons, []))}]" if filter.reasons != null]]))}. Leave reasons out for all of them."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : [for size in [source.min_size, source.max_size] : size == null ? true : size >= 0 && floor(size) == size]]])) && alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : source.min_size == null || source.max_size == null ? true : source.min_size <= source.max_size]]))
    error_message = "These sources have sizes that no object can have: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source} has ${jsonencode([filter.min_size, filter.max_size])}" if anytrue([for size in [filter.min_size, filter.max_size] : size == null ? false : size < 0 || floor(size) != size]) || (filter.min_size == null || filter.max_size == null ? false : filter.min_size > filter.max_size)]]))}. Give min_size and max_size in whole bytes from 0, with min_size not above max_size, or leave them out."
  }
  validation {
    condition     = length([for bucket in var.buckets : bucket.name if anytrue([for source in bucket.sources : source.via == "lambda"])]) <= 40
    error_message = "${length([for bucket in var.buckets : bucket.name if anytrue([for source in bucket.sources : source.via == "lambda"])])} buckets have sources via \"lambda\"; the policy of the function has room for 40. Spread them over several pipelines."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : length(source.events) > 0]]))
    error_message = "These sources name no event type: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source}" if length(filter.events) == 0]]))}. Leave events out to get s3:ObjectCreated:*."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : [for event in source.events : contains(["s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload"], event)]]]))
    error_message = "Spillway takes in object-created events, and not ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : [for event in filter.events : "\"${event}\" (${key}.${source})" if !contains(["s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload"], event)]]]))}. Give s3:ObjectCreated:*, or with :Put, :Post, :Copy or :CompleteMultipartUpload in place of :*."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : !strcontains(source.prefix, "*") && !strcontains(source.suffix, "*")]]))
    error_message = "A prefix or suffix is compared literally, * matches nothing else: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source} has prefix \"${filter.prefix}\", suffix \"${filter.suffix}\"" if strcontains(filter.prefix, "*") || strcontains(filter.suffix, "*")]]))}. Leave the * out."
  }
  validation {
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    condition     = length(flatten([for bucket in var.buckets : [for source in bucket.sources : source if source.via == "eventbridge" && source.prefix != "" && source.suffix != ""]])) <= 30
    error_message = "${length(flatten([for bucket in var.buckets : [for source in bucket.sources : source if source.via == "eventbridge" && source.prefix != "" && source.suffix != ""]]))} sources via \"eventbridge\" have prefix and suffix: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source}" if filter.via == "eventbridge" && filter.prefix != "" && filter.suffix != ""]]))}. Each is a rule with a wildcard, of which EventBridge allows 30 on an event bus and never more. Leave out prefix or suffix of some, or let them come via \"sqs\" or \"lambda\"."
  }
}

# -----------------------------------------------------------------------------
# Optional
# -----------------------------------------------------------------------------

variable "fifo" {
  description = "Whether the events queues are FIFO. The first attempts at an object's versions then start in the order in which S3 reported them, and duplicates within 5 minutes are dropped. Only for sources via \"lambda\"."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = var.fifo ? alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : source.via == "lambda"]])) && length(var.topics) == 0 : true
    error_message = "fifo = true, but not everything comes via \"lambda\": ${join(", ", concat(flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "buckets.${key}.${source} via \"${filter.via}\"" if filter.via != "lambda"]]), [for key in keys(var.topics) : "topics.${key}"]))}. S3 cannot send to a FIFO queue, and only the ingest function gives an event its group and deduplication ids. Set via = \"lambda\" for these, or fifo = false."
  }
}

variable "lanes" {
  description = "Queues that share the pipeline's capacity, by a name of your choice, one of them default; none: default alone."
  type = map(object({
    # The lowest comes first; each lane has its own.
    priority = number
    # Share of the starts that the lane gets while events wait in it, before any other lane. 0 to
    # 0.9, and 0.9 for all lanes together.
    min_share = optional(number, 0)
    # Executions of the lane that run at once, at most, beside the pipeline's own max_concurrency.
    # 0: nothing of it starts; null: no bound of its own.
    max_concurrency = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.lanes) == 0 || contains(keys(var.lanes), "default")
    error_message = "lanes has no default: ${join(", ", keys(var.lanes))}. A pipeline without lanes has the one of that name, and its queue must not go when lanes come. Call one of them default, for instance lanes = { urgent = { priority = 1 }, default = { priority = 2 } }."
  }
  validation {
    condition     = length(var.lanes) <= 10
    error_message = "There are ${length(var.lanes)} lanes; each is asked for messages in every tick, and 10 are allowed. Merge some, or make a pipeline of its own."
  }
  validation {
    condition     = alltrue([for lane in keys(var.lanes) : can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", lane))])
    error_message = "These names of lanes cannot be part of the names of queues: ${join(", ", [for lane in keys(var.lanes) : "\"${lane}\"" if !can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", lane))])}. Give 1 to 16 lower-case letters, digits and -, a letter first and no - last."
  }
  validation {
    condition     = alltrue([for lane in var.lanes : lane.priority >= 0 && lane.priority <= 1000000 && floor(lane.priority) == lane.priority])
    error_message = "These priorities are no whole numbers from 0 to 1000000: ${join(", ", [for name, lane in var.lanes : "lanes.${name}.priority = ${lane.priority}" if !(lane.priority >= 0 && lane.priority <= 1000000 && floor(lane.priority) == lane.priority)])}. Give such a number to each lane; the lane with the lowest is served first."
  }
  validation {
    condition     = length(distinct([for lane in var.lanes : lane.priority])) == length(var.lanes)
    error_message = "Two lanes have the same priority, and nothing would say which comes first: ${join(", ", [for name, lane in var.lanes : "lanes.${name}.priority = ${lane.priority}"])}. Give each its own; the lowest comes first."
  }
  validation {
    condition     = alltrue([for lane in var.lanes : lane.min_share >= 0 && lane.min_share <= 0.9])
    error_message = "A lane can have no such share of the starts: ${join(", ", [for name, lane in var.lanes : "lanes.${name}.min_share = ${lane.min_share}" if !(lane.min_share >= 0 && lane.min_share <= 0.9)])}. Give 0 to 0.9; the rest goes by priority."
  }
  validation {
    condition     = sum(concat([0], [for lane in var.lanes : lane.min_share])) <= 0.9
    error_message = "The lanes' min_shares add up to ${sum(concat([0], [for lane in var.lanes : lane.min_share]))}, above 0.9: ${join(", ", [for name, lane in var.lanes : "lanes.${name}.min_share = ${lane.min_share}"])}. Give shares that add up to less; the rest goes by priority."
  }
  validation {
    condition     = alltrue([for lane in var.lanes : lane.max_concurrency == null ? true : lane.max_concurrency >= 0 && floor(lane.max_concurrency) == lane.max_concurrency])
    error_message = "The max_concurrency of a lane is a whole number from 0: ${join(", ", [for name, lane in var.lanes : "lanes.${name}.max_concurrency = ${lane.max_concurrency}" if lane.max_concurrency != null])}. With 0 nothing of the lane starts; leave it out for no bound of its own."
  }
  validation {
    condition     = length(var.lanes) == 1 ? alltrue([for lane in var.lanes : lane.max_concurrency == null]) : true
    error_message = "There is only one lane, so ${join(", ", [for name, lane in var.lanes : "lanes.${name}.max_concurrency = ${coalesce(lane.max_concurrency, 0)}"])} bounds the same executions as pace.max_concurrency. Give pace.max_concurrency alone."
  }
}

variable "topics" {
  description = "SNS topics that buckets notify already, by a key of your choice."
  type = map(object({
    # ARN of the topic; S3 must be allowed to publish to it.
    arn = string
    # Without SNS's envelope. A message in an envelope is understood as well.
    raw_delivery = optional(bool, true)
    # The lane the events go to; null: the first.
    lane = optional(string)
    # Whether this module subscribes the queue; false: someone else does, and
    # the queue's policy lets the topic in.
    subscribe = optional(bool, true)
    # Filter (JSON) on the message's body, in which keys are URL-encoded; null:
    # every message.
    filter_policy = optional(string)
    # Whether empty objects with keys that end with / are processed, of every bucket
    # that is not in buckets.
    folder_markers = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.topics) : can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", key))])
    error_message = "Keys of topics follow the rules of names, and these do not: ${join(", ", [for key in keys(var.topics) : "\"${key}\"" if !can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", key))])}. Give 1 to 32 lower-case letters, digits and -, a letter first and no - last."
  }
  validation {
    condition     = alltrue([for topic in var.topics : can(regex(module.forms.arns.topic, topic.arn))])
    error_message = "These are no ARNs of standard SNS topics: ${join(", ", [for key, topic in var.topics : "topics.${key}.arn = \"${topic.arn}\"" if !can(regex(module.forms.arns.topic, topic.arn))])}. Give arn:aws:sns:<region>:<account>:<name>; S3 publishes to no FIFO topic."
  }
  validation {
    condition     = length(distinct([for topic in var.topics : topic.arn])) == length(var.topics)
    error_message = "A topic is named twice, and each of its messages would come twice: ${join(", ", [for key, topic in var.topics : "topics.${key}.arn = ${topic.arn}"])}. Name it once."
  }
  validation {
    condition     = alltrue([for topic in var.topics : topic.lane == null ? true : contains(keys(local._lanes), topic.lane)])
    error_message = "These topics name a lane that nobody defined: ${join(", ", [for key, topic in var.topics : "topics.${key}.lane = \"${topic.lane}\"" if topic.lane == null ? false : !contains(keys(local._lanes), topic.lane)])}. There are ${join(", ", keys(local._lanes))}: name one of them, or add it to lanes."
  }
  validation {
    condition     = alltrue([for topic in var.topics : topic.filter_policy == null ? true : can(keys(jsondecode(topic.filter_policy)))])
    error_message = "The filter_policy of these topics is no JSON object: ${join(", ", [for key, topic in var.topics : "topics.${key}" if topic.filter_policy == null ? false : !can(keys(jsondecode(topic.filter_policy)))])}. Write it with jsonencode(), for instance jsonencode({ Records = { s3 = { object = { key = [{ prefix = \"status/\" }] } } } })."
  }
  validation {
    condition     = alltrue([for topic in var.topics : topic.subscribe || topic.filter_policy == null])
    error_message = "These topics have a filter_policy and no subscription of this module to put it on: ${join(", ", [for key, topic in var.topics : "topics.${key}" if !topic.subscribe && topic.filter_policy != null])}. Leave filter_policy out, or set subscribe = true."
  }
}

variable "trusted_organization_id" {
  description = "Organization that stands for the accounts of the buckets that have an account_id, in the policies of queues and key; null: each account is named."
  type        = string
  default     = null

  validation {
    condition     = var.trusted_organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.trusted_organization_id))
    error_message = "trusted_organization_id = \"${coalesce(var.trusted_organization_id, "null")}\" is no id of an organization. Give o- and 10 to 32 lower-case letters and digits."
  }
}

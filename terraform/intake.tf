# The way in: from the buckets to the lanes' queues.
locals {
  # The queues as functions and their roles call them, see names.tf.
  _ending = module.input.fifo ? ".fifo" : ""
  _lane_queues = {
    for lane, names in module.names.lanes : lane => {
      arn     = "${local._queue_arns}${names.events}${local._ending}"
      url     = "${local._queue_urls}${names.events}${local._ending}"
      dlq_arn = "${local._queue_arns}${names.events_dlq}${local._ending}"
      dlq_url = "${local._queue_urls}${names.events_dlq}${local._ending}"
    }
  }

  _topics = {
    for key, topic in module.input.topics : key => merge(topic, {
      lane = topic.lane == null ? module.input.first_lane : topic.lane
    })
  }

  # An EventBridge rule for each source that comes so.
  _rules = {
    for key, name in module.names.source_rules : key => {
      arn = join(":", [
        "arn", local._home.partition, "events", local._home.region,
        local._home.account_id, "rule/${name}",
      ])
    } if module.input.sources[key].via == "eventbridge"
  }

  # The senders to each lane's queue.
  _queue_buckets = {
    for lane in keys(module.input.lanes) : lane => {
      for key, bucket in module.input.buckets :
      key => { name = bucket.name, account_id = bucket.account_id }
      if anytrue([
        for source in values(module.input.sources) :
        source.bucket == key && source.lane == lane && source.via == "sqs"
      ])
    }
  }
  _queue_rules = {
    for lane in keys(module.input.lanes) : lane => {
      for key, rule in local._rules : key => rule if module.input.sources[key].lane == lane
    }
  }
  _queue_topics = {
    for lane in keys(module.input.lanes) : lane => {
      for key, topic in local._topics : key => { arn = topic.arn } if topic.lane == lane
    }
  }
  # Events that this pipeline's rules and subscriptions could not deliver are kept by
  # lane, so that a redrive knows their queue.
  _subscribed_topics = {
    for key, topic in local._topics : key => topic if topic.subscribe
  }
  _rule_lanes = toset([
    for entry in concat(
      [for key in keys(local._rules) : module.input.sources[key]],
      values(local._subscribed_topics),
    ) : entry.lane
  ])

  _ingest_sources         = { for key, source in module.input.sources : key => source if source.via == "lambda" }
  _ingest                 = length(local._ingest_sources) > 0
  _ingest_buckets         = toset([for source in values(local._ingest_sources) : source.bucket])
  _ingest_lanes           = sort(distinct([for source in values(local._ingest_sources) : source.lane]))
  _ingest_timeout_seconds = 30

  # The folder markers to process, by bucket.
  _folder_markers = concat(
    [
      for source in values(module.input.sources) : {
        bucket         = module.input.buckets[source.bucket].name
        prefix         = source.prefix
        suffix         = source.suffix
        folder_markers = true
      } if source.folder_markers
    ],
    # A message by a topic does not tell which topic it was.
    [
      for wanted in distinct([for topic in values(module.input.topics) : topic.folder_markers]) :
      { folder_markers = true } if wanted
    ],
  )

  # Per bucket, all that its one notification configuration must have for this
  # pipeline.
  _bucket_notifications = {
    for key, bucket in module.input.buckets : key => {
      bucket = bucket.name
      queues = {
        for name, source in bucket.sources : module.names.sources["${key}.${name}"] => {
          queue  = { arn = module.queue[module.input.sources["${key}.${name}"].lane].queue_arn }
          events = source.events
          prefix = source.prefix
          suffix = source.suffix
        } if source.via == "sqs"
      }
      functions = {
        for name, source in bucket.sources : module.names.sources["${key}.${name}"] => {
          function = { arn = module.bucket_invocation[key].function_arn }
          events   = source.events
          prefix   = source.prefix
          suffix   = source.suffix
        } if source.via == "lambda"
      }
      eventbridge = anytrue([for source in bucket.sources : source.via == "eventbridge"])
    }
  }
}

module "queue" {
  # The lane is part of the resources' addresses.
  for_each = module.names.lanes
  source   = "./modules/queue"

  name                     = each.value.events
  dead_letter_name         = each.value.events_dlq
  buckets                  = local._queue_buckets[each.key]
  consumer_timeout_seconds = local._work_seconds
  fifo                     = module.input.fifo
  home                     = local._home
  kms_key                  = local._kms_key
  protect                  = module.input.protect
  rules                    = local._queue_rules[each.key]
  tags                     = local._tags
  topics                   = local._queue_topics[each.key]
  trusted_organization_id  = module.input.trusted_organization_id
}

module "rules_dlq" {
  for_each = local._rule_lanes
  source   = "./modules/failure-queue"

  name    = module.names.lanes[each.key].rules_dlq
  home    = local._home
  kms_key = local._kms_key
  protect = module.input.protect
  rules   = local._queue_rules[each.key]
  tags    = local._tags
  topics = {
    for key, topic in local._subscribed_topics : key => { arn = topic.arn } if topic.lane == each.key
  }
}

module "rule" {
  for_each = local._rules
  source   = "./modules/event-rule"

  name              = module.names.source_rules[each.key]
  dead_letter_queue = { arn = module.rules_dlq[module.input.sources[each.key].lane].queue_arn }
  max_size          = module.input.sources[each.key].max_size
  min_size          = module.input.sources[each.key].min_size
  prefix            = module.input.sources[each.key].prefix
  queue             = { arn = module.queue[module.input.sources[each.key].lane].queue_arn }
  reasons           = module.input.sources[each.key].reasons
  suffix            = module.input.sources[each.key].suffix
  tags              = local._tags

  bucket = {
    name = module.input.buckets[module.input.sources[each.key].bucket].name
    account_id = (
      module.input.buckets[module.input.sources[each.key].bucket].account_id == null
      ? local._home.account_id
      : module.input.buckets[module.input.sources[each.key].bucket].account_id
    )
  }
}

module "topic_subscription" {
  for_each = local._subscribed_topics
  source   = "./modules/topic-subscription"

  dead_letter_queue = { arn = module.rules_dlq[each.value.lane].queue_arn }
  filter_policy     = each.value.filter_policy
  queue             = { arn = module.queue[each.value.lane].queue_arn }
  raw_delivery      = each.value.raw_delivery
  topic             = { arn = each.value.arn }
}

module "ingest" {
  count  = local._ingest ? 1 : 0
  source = "./modules/handler"

  name               = module.names.functions["ingest"]
  role_name          = module.names.roles["ingest"]
  handler            = "ingest"
  architecture       = module.input.handlers.architecture
  artifact           = local._artifact
  code_signing       = module.input.platform.code_signing
  iam                = local._iam
  kms_key            = local._kms_key
  log_retention_days = module.input.platform.logs.retention_days
  manifest           = module.input.handlers.manifest
  vpc                = module.input.platform.vpc
  tags               = local._tags

  # As long and as often as Lambda can; then the event is kept.
  async_invoke = {
    maximum_event_age_seconds = 21600
    maximum_retry_attempts    = 2
    on_failure                = { arn = module.ingest_failures[0].queue_arn }
  }

  environment = merge(
    local._environment,
    {
      SPILLWAY_SOURCES = jsonencode([
        for key, source in local._ingest_sources : {
          bucket         = module.input.buckets[source.bucket].name
          prefix         = source.prefix
          suffix         = source.suffix
          lane           = source.lane
          folder_markers = source.folder_markers
        }
      ])
    },
  )

  policy_statements = [
    {
      sid       = "EventsQueues"
      actions   = ["sqs:SendMessage"]
      resources = [for lane in local._ingest_lanes : local._lane_queues[lane].arn]
    },
    {
      sid       = "Ledger"
      actions   = ["dynamodb:UpdateItem"]
      resources = [local._ledger.arn]
    },
  ]

  settings = {
    memory_mb       = module.input.handlers.ingest.memory_mb
    timeout_seconds = local._ingest_timeout_seconds
    tracing         = module.input.platform.tracing
  }
}

module "ingest_failures" {
  count  = local._ingest ? 1 : 0
  source = "./modules/failure-queue"

  name    = module.names.queues.ingest_failures
  home    = local._home
  kms_key = local._kms_key
  protect = module.input.protect
  tags    = local._tags
}

module "bucket_invocation" {
  for_each = local._ingest_buckets
  source   = "./modules/bucket-invocation"

  # The first event finds its queue.
  depends_on = [module.queue]

  function     = { arn = module.ingest[0].function_arn }
  partition    = local._home.partition
  statement_id = each.key

  bucket = {
    name = module.input.buckets[each.key].name
    account_id = (
      module.input.buckets[each.key].account_id == null
      ? local._home.account_id
      : module.input.buckets[each.key].account_id
    )
  }
}

module "bucket_notification" {
  for_each = {
    for key, bucket in module.input.buckets : key => bucket.name
    if bucket.notification == "owned"
  }
  source = "./modules/bucket-notification"

  bucket      = each.value
  eventbridge = local._bucket_notifications[each.key].eventbridge
  functions   = local._bucket_notifications[each.key].functions
  queues      = local._bucket_notifications[each.key].queues
}

# The composition: modules and how they are wired, nothing else. The way in is
# in intake.tf, what was missed in reconcile.tf.
locals {
  # Partition, region and account, without a call: from the ARN of the resource
  # that exists first.
  _home = {
    partition  = split(":", module.dispatch.log_group_arn)[1]
    region     = split(":", module.dispatch.log_group_arn)[3]
    account_id = split(":", module.dispatch.log_group_arn)[4]
  }

  # A tick drains for tick_seconds and has 20 more to finish what it began.
  _dispatch_timeout_seconds = module.input.schedule.tick_seconds + 20
  _settle_timeout_seconds   = 30
  _ingest_timeout_seconds   = 30

  _artifact = { directory = module.input.handlers.directory, s3 = module.input.handlers.s3 }
  _iam = {
    path                 = module.input.platform.iam.path
    permissions_boundary = module.input.platform.iam.permissions_boundary
  }
  _kms_key = module.input.platform.kms_key
  _tags    = module.input.platform.tags

  _backoff_seconds = (
    module.input.retry.backoff_seconds != null ? module.input.retry.backoff_seconds :
    module.input.fifo ? [0] : [30, 300]
  )

  # What executions are started by (an alias, or the state machine itself) and
  # whose they are: the state machine.
  _start_arn = (
    module.input.workflow.state_machine == null
    ? one(module.workflow[*].start_arn)
    : module.input.workflow.state_machine.arn
  )
  _state_machine_arn = (
    module.input.workflow.state_machine == null
    ? one(module.workflow[*].state_machine_arn)
    : join(":", slice(split(":", module.input.workflow.state_machine.arn), 0, 7))
  )
  _executions = "${replace(local._state_machine_arn, ":stateMachine:", ":execution:")}:*"

  # Times with a pace of their own, by name; what is not said is left out.
  _windows = {
    for name, window in module.input.windows : name => merge(
      {
        name     = name
        priority = window.priority
        timezone = window.timezone
        from     = window.from
        to       = window.to
      },
      window.days == null ? {} : { days = window.days },
      window.dates == null ? {} : { dates = window.dates },
      window.pause ? { pause = true } : {},
      window.pace == null ? {} : {
        pace = { for key, number in window.pace : key => number if number != null }
      },
    )
  }

  # An instance settles many more outcomes a second than 25; the rest is for a
  # ledger that is slow.
  _highest_pace = max(module.input.pace.starts_per_second, [
    for window in values(module.input.windows) : coalesce(try(window.pace.starts_per_second, null), 0)
  ]...)
  _settle_concurrency = coalesce(
    module.input.handlers.settle.maximum_concurrency,
    max(10, ceil(local._highest_pace / 25)),
  )

  _environment = {
    SPILLWAY_LANES = jsonencode([
      for lane in module.input.lane_order : {
        name                  = lane
        queue_url             = local._lane_queues[lane].url
        dead_letter_queue_url = local._lane_queues[lane].dlq_url
        priority              = module.input.lanes[lane].priority
        min_share             = module.input.lanes[lane].min_share
      }
    ])
    SPILLWAY_LEDGER_ARN   = module.ledger.arn
    SPILLWAY_LEDGER_TABLE = module.ledger.name
    SPILLWAY_PIPELINE     = module.input.name
  }

  # What the handlers count: handlers/*/src/counts.rs.
  _metrics = {
    dispatch = [
      "AlreadyStarted", "Batches", "DayLimitReached", "DurationMilliseconds",
      "FolderMarkers", "Freed", "HandedBack", "LeaseBusy", "Lookalikes",
      "Malformed", "MaxConcurrency", "OtherKinds", "OutcomesFound", "Parked",
      "Paused", "Received", "Refused", "Restarted", "Saturated", "SlotsTaken",
      "Split", "Stale", "Started", "StartsToday", "Superseded", "Swept",
      "TestEvents", "Throttled", "Unclear", "Unreadable", "Waiting",
    ]
    ingest = [
      "Events", "Failed", "FolderMarkers", "Known", "Lookalikes", "Malformed",
      "OtherKinds", "Queued", "QueuedAgain", "TestEvents",
    ]
    reconcile = [
      "DurationMilliseconds", "Failed", "FolderMarkers", "Gone", "Known", "Listed",
      "NotCurrent", "NotOfASource", "OutOfRange", "Queued", "QueuedAgain",
      "ReadUnits", "Scanned", "SentAgain", "TooOld", "TooYoung", "Uncompared",
      "Unreadable", "Waiting",
    ]
    settle = [
      "BatchItemsFailed", "Dead", "MalformedOutcomes", "Outcomes", "Redriven",
      "Retried", "StaleOutcomes", "Succeeded", "Superseded",
      "UnsettledOutcomes", "Woken",
    ]
  }
}

module "names" {
  source = "./modules/names"

  name             = module.input.name
  lanes            = keys(module.input.lanes)
  region           = local._home.region
  role_name_prefix = module.input.platform.iam.role_name_prefix
  sources          = keys(module.input.sources)
}

module "ledger" {
  source = "./modules/ledger"

  name    = module.names.ledger
  kms_key = local._kms_key
  protect = module.input.protect
  tags    = local._tags
}

module "workflow" {
  count  = module.input.workflow.state_machine == null ? 1 : 0
  source = "./modules/workflow"

  name              = module.names.state_machines["workflow"]
  role_name         = module.names.roles["workflow"]
  alias             = module.input.workflow.alias
  definition        = module.input.workflow.definition
  iam               = local._iam
  kms_key           = local._kms_key
  policy_statements = module.input.workflow.policy_statements
  tags              = local._tags
  timeout_seconds   = module.input.workflow.timeout_seconds
  tracing           = module.input.platform.tracing

  logs = {
    include_execution_data = module.input.workflow.log_execution_data
    level                  = module.input.workflow.log_level
    retention_days         = module.input.platform.logs.retention_days
  }
}

module "outcomes" {
  source = "./modules/outcomes"

  name                     = module.names.queues.outcomes
  dead_letter_name         = module.names.queues.outcomes_dlq
  function                 = { arn = module.settle.function_arn }
  function_timeout_seconds = local._settle_timeout_seconds
  home                     = local._home
  kms_key                  = local._kms_key
  maximum_concurrency      = local._settle_concurrency
  state_machine            = { arn = local._state_machine_arn }
  tags                     = local._tags
}

module "dispatch" {
  source = "./modules/handler"

  name               = module.names.functions["dispatch"]
  role_name          = module.names.roles["dispatch"]
  handler            = "dispatch"
  architecture       = module.input.handlers.architecture
  artifact           = local._artifact
  iam                = local._iam
  kms_key            = local._kms_key
  log_retention_days = module.input.platform.logs.retention_days
  manifest           = module.input.handlers.manifest
  tags               = local._tags

  # A tick that Lambda could not run at once is worthless.
  async_invoke = {}

  environment = merge(
    local._environment,
    {
      SPILLWAY_BURST                = module.input.pace.burst
      SPILLWAY_EVENTS_PER_EXECUTION = module.input.workflow.events_per_execution
      SPILLWAY_INPUT_FORMAT         = module.input.workflow.input_format
      SPILLWAY_MAX_CONCURRENCY      = module.input.pace.max_concurrency
      SPILLWAY_ORDER                = module.input.workflow.order
      SPILLWAY_OUTCOMES_QUEUE_URL   = local._outcomes_queue.url
      SPILLWAY_RETENTION_DAYS       = module.input.ledger.retention_days
      SPILLWAY_STARTS_PER_SECOND    = module.input.pace.starts_per_second
      SPILLWAY_STATE_MACHINE_ARN    = local._start_arn
      SPILLWAY_SWEEP_AFTER_SECONDS  = module.input.sweep.after_seconds
      SPILLWAY_SWEEP_PER_TICK       = module.input.sweep.per_tick
      SPILLWAY_TICK_SECONDS         = module.input.schedule.tick_seconds
      SPILLWAY_WINDOWS              = jsonencode(values(local._windows))
    },
    {
      for name, value in {
        SPILLWAY_STARTS_PER_DAY  = module.input.limits.starts_per_day
        SPILLWAY_STARTS_PER_TICK = module.input.pace.starts_per_tick
      } : name => value if value != null
    },
    length(local._folder_markers) == 0 ? {} : {
      SPILLWAY_FOLDER_MARKERS = jsonencode(local._folder_markers)
    },
  )

  policy_statements = [
    {
      sid = "EventsQueues"
      actions = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
      ]
      resources = [for lane in module.input.lane_order : local._lane_queues[lane].arn]
    },
    {
      sid     = "SendOnly"
      actions = ["sqs:SendMessage"]
      resources = concat(
        [for lane in module.input.lane_order : local._lane_queues[lane].dlq_arn],
        [local._outcomes_queue.arn],
      )
    },
    {
      sid = "Ledger"
      actions = [
        "dynamodb:BatchGetItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PartiQLInsert",
        "dynamodb:PartiQLUpdate",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
      ]
      resources = [module.ledger.arn]
    },
    {
      # By an alias, permission is asked for the state machine; both are named.
      sid       = "Start"
      actions   = ["states:StartExecution"]
      resources = distinct([local._state_machine_arn, local._start_arn])
    },
    {
      sid       = "Sweep"
      actions   = ["states:DescribeExecution"]
      resources = [local._executions]
    },
  ]

  settings = {
    memory_mb            = module.input.handlers.dispatch.memory_mb
    reserved_concurrency = module.input.handlers.dispatch.reserved_concurrency
    timeout_seconds      = local._dispatch_timeout_seconds
    tracing              = module.input.platform.tracing
  }
}

module "settle" {
  source = "./modules/handler"

  name               = module.names.functions["settle"]
  role_name          = module.names.roles["settle"]
  handler            = "settle"
  architecture       = module.input.handlers.architecture
  artifact           = local._artifact
  iam                = local._iam
  kms_key            = local._kms_key
  log_retention_days = module.input.platform.logs.retention_days
  manifest           = module.input.handlers.manifest
  tags               = local._tags

  environment = merge(
    local._environment,
    {
      SPILLWAY_BACKOFF_SECONDS                = join(",", local._backoff_seconds)
      SPILLWAY_EVENTS_PER_EXECUTION           = module.input.workflow.events_per_execution
      SPILLWAY_MAX_ATTEMPTS                   = module.input.retry.max_attempts
      SPILLWAY_ORDER                          = module.input.workflow.order
      SPILLWAY_OUTCOMES_DEAD_LETTER_QUEUE_URL = module.outcomes.dead_letter_queue_url
      SPILLWAY_RETENTION_DAYS                 = module.input.ledger.retention_days
    },
  )

  policy_statements = [
    {
      sid = "OutcomesQueue"
      actions = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
      ]
      resources = [local._outcomes_queue.arn]
    },
    {
      sid     = "SendOnly"
      actions = ["sqs:SendMessage"]
      resources = concat(
        [module.outcomes.dead_letter_queue_arn],
        [for lane in module.input.lane_order : local._lane_queues[lane].dlq_arn],
        [for lane in module.input.lane_order : local._lane_queues[lane].arn],
      )
    },
    {
      sid = "Ledger"
      actions = [
        "dynamodb:BatchGetItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PartiQLDelete",
        "dynamodb:PartiQLUpdate",
        "dynamodb:UpdateItem",
      ]
      resources = [module.ledger.arn]
    },
    {
      sid       = "Outputs"
      actions   = ["states:DescribeExecution"]
      resources = [local._executions]
    },
  ]

  settings = {
    memory_mb       = module.input.handlers.settle.memory_mb
    timeout_seconds = local._settle_timeout_seconds
    tracing         = module.input.platform.tracing
  }
}

module "schedule" {
  source = "./modules/schedule"

  # The first tick finds its queues.
  depends_on = [module.outcomes, module.queue]

  name       = module.names.rules["tick"]
  enabled    = module.input.schedule.enabled
  expression = module.input.schedule.expression
  function   = { arn = module.dispatch.function_arn }
  tags       = local._tags
}

# Destroyed before everything else, and AWS refuses that while protect is true.
# One for each queue that can be removed alone.
module "guard" {
  source = "./modules/guard"

  depends_on = [
    module.bucket_invocation, module.bucket_notification, module.dispatch,
    module.ingest, module.ingest_failures, module.ledger, module.outcomes,
    module.queue, module.reconcile, module.reconcile_failures,
    module.reconcile_function, module.rule, module.rules_dlq, module.schedule,
    module.settle, module.topic_subscription, module.workflow,
  ]

  protect = module.input.protect
  tags    = local._tags

  names = {
    for key in concat(
      [for lane in keys(module.input.lanes) : "events_${lane}"],
      [for lane in local._rule_lanes : "rules-dlq_${lane}"],
      local._ingest ? ["ingest-failures"] : [],
    ) : key => module.names.guards[key]
  }
}

# Nothing is made by it: what a customer's key must allow, whether there is one
# yet or not.
module "key_policy" {
  source = "./modules/key-policy"

  name                    = module.input.name
  appliers                = module.input.platform.appliers
  handlers                = module.input.functions
  home                    = local._home
  iam                     = module.input.platform.iam
  rules                   = local._rules
  topics                  = { for key, topic in local._topics : key => { arn = topic.arn } }
  trusted_organization_id = module.input.trusted_organization_id
  workflow                = module.input.workflow.state_machine == null

  buckets = {
    for key, bucket in module.input.buckets : key => { name = bucket.name, account_id = bucket.account_id }
    if anytrue([for source in bucket.sources : source.via == "sqs"])
  }
}

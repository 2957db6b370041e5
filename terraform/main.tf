# The composition: modules and how they are wired, nothing else.
locals {
  # Partition, region and account, without a call: from the ARN of the resource
  # that exists first.
  _home = {
    partition  = split(":", module.dispatch.log_group_arn)[1]
    region     = split(":", module.dispatch.log_group_arn)[3]
    account_id = split(":", module.dispatch.log_group_arn)[4]
  }

  # A tick drains for tick_seconds and has 20 more to finish what it began.
  _dispatch_timeout_seconds = var.schedule.tick_seconds + 20
  _settle_timeout_seconds   = 30

  _artifact = { directory = var.handlers.directory, s3 = var.handlers.s3 }
  _iam      = var.platform.iam
  _tags     = var.platform.tags

  _environment = {
    SPILLWAY_DEAD_LETTER_QUEUE_URL = module.queue["default"].dead_letter_queue_url
    SPILLWAY_EVENTS_QUEUE_URL      = module.queue["default"].queue_url
    SPILLWAY_LEDGER_ARN            = module.ledger.arn
    SPILLWAY_LEDGER_TABLE          = module.ledger.name
    SPILLWAY_PIPELINE              = var.name
  }

  # What the handlers count: handlers/*/src/counts.rs.
  _metrics = {
    dispatch = [
      "AlreadyStarted", "DurationMilliseconds", "Freed", "HandedBack",
      "LeaseBusy", "Malformed", "MaxConcurrency", "OutcomesFound", "Parked",
      "Paused", "Received", "Refused", "Restarted", "Saturated", "SlotsTaken",
      "Split", "Stale", "Started", "Swept", "TestEvents", "Throttled",
      "Unclear", "Unreadable",
    ]
    settle = [
      "Dead", "MalformedOutcomes", "Outcomes", "Redriven", "Retried",
      "StaleOutcomes", "Succeeded", "UnsettledOutcomes",
    ]
  }
}

module "queue" {
  # One lane so far; its key is part of the resources' addresses.
  for_each = { default = var.name }
  source   = "./modules/queue"

  name                     = each.value
  buckets                  = var.buckets
  consumer_timeout_seconds = local._dispatch_timeout_seconds
  home                     = local._home
  protect                  = var.protect
  tags                     = local._tags
}

module "bucket_notification" {
  for_each = {
    for key, bucket in var.buckets : key => bucket.name
    if bucket.notification == "owned"
  }
  source = "./modules/bucket-notification"

  bucket = each.value
  queues = module.queue["default"].bucket_notifications[each.key].queues
}

module "ledger" {
  source = "./modules/ledger"

  name    = var.name
  protect = var.protect
  tags    = local._tags
}

module "workflow" {
  source = "./modules/workflow"

  name              = var.name
  definition        = var.workflow.definition
  iam               = local._iam
  policy_statements = var.workflow.policy_statements
  tags              = local._tags
  timeout_seconds   = var.workflow.timeout_seconds
  tracing           = var.platform.tracing

  logs = {
    include_execution_data = var.workflow.log_execution_data
    level                  = var.workflow.log_level
    retention_days         = var.platform.logs.retention_days
  }
}

module "outcomes" {
  source = "./modules/outcomes"

  name                     = var.name
  function                 = { arn = module.settle.function_arn }
  function_timeout_seconds = local._settle_timeout_seconds
  home                     = local._home
  maximum_concurrency      = var.handlers.settle.maximum_concurrency
  state_machine            = { arn = module.workflow.state_machine_arn }
  tags                     = local._tags
}

module "dispatch" {
  source = "./modules/handler"

  name               = var.name
  handler            = "dispatch"
  architecture       = var.handlers.architecture
  artifact           = local._artifact
  iam                = local._iam
  log_retention_days = var.platform.logs.retention_days
  manifest           = var.handlers.manifest
  tags               = local._tags

  # A tick that Lambda could not run at once is worthless.
  async_invoke = {}

  environment = merge(
    local._environment,
    {
      SPILLWAY_BURST               = var.pace.burst
      SPILLWAY_MAX_CONCURRENCY     = var.pace.max_concurrency
      SPILLWAY_OUTCOMES_QUEUE_URL  = module.outcomes.queue_url
      SPILLWAY_STARTS_PER_SECOND   = var.pace.starts_per_second
      SPILLWAY_STATE_MACHINE_ARN   = module.workflow.state_machine_arn
      SPILLWAY_SWEEP_AFTER_SECONDS = var.sweep.after_seconds
      SPILLWAY_SWEEP_PER_TICK      = var.sweep.per_tick
      SPILLWAY_TICK_SECONDS        = var.schedule.tick_seconds
    },
    {
      for name, value in { SPILLWAY_STARTS_PER_TICK = var.pace.starts_per_tick } :
      name => value if value != null
    },
  )

  policy_statements = [
    {
      sid = "EventsQueue"
      actions = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
      ]
      resources = [module.queue["default"].queue_arn]
    },
    {
      sid     = "SendOnly"
      actions = ["sqs:SendMessage"]
      resources = [
        module.queue["default"].dead_letter_queue_arn,
        module.outcomes.queue_arn,
      ]
    },
    {
      sid = "Ledger"
      actions = [
        "dynamodb:BatchGetItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
      ]
      resources = [module.ledger.arn]
    },
    {
      sid       = "Start"
      actions   = ["states:StartExecution"]
      resources = [module.workflow.state_machine_arn]
    },
    {
      sid       = "Sweep"
      actions   = ["states:DescribeExecution"]
      resources = [module.workflow.execution_arn_pattern]
    },
  ]

  settings = {
    memory_mb            = var.handlers.dispatch.memory_mb
    reserved_concurrency = var.handlers.dispatch.reserved_concurrency
    timeout_seconds      = local._dispatch_timeout_seconds
    tracing              = var.platform.tracing
  }
}

module "settle" {
  source = "./modules/handler"

  name               = var.name
  handler            = "settle"
  architecture       = var.handlers.architecture
  artifact           = local._artifact
  iam                = local._iam
  log_retention_days = var.platform.logs.retention_days
  manifest           = var.handlers.manifest
  tags               = local._tags

  environment = merge(
    local._environment,
    {
      SPILLWAY_BACKOFF_SECONDS                = join(",", var.retry.backoff_seconds)
      SPILLWAY_MAX_ATTEMPTS                   = var.retry.max_attempts
      SPILLWAY_OUTCOMES_DEAD_LETTER_QUEUE_URL = module.outcomes.dead_letter_queue_url
      SPILLWAY_RETENTION_DAYS                 = var.ledger.retention_days
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
      resources = [module.outcomes.queue_arn]
    },
    {
      sid     = "SendOnly"
      actions = ["sqs:SendMessage"]
      resources = [
        module.outcomes.dead_letter_queue_arn,
        module.queue["default"].dead_letter_queue_arn,
        module.queue["default"].queue_arn,
      ]
    },
    {
      sid = "Ledger"
      actions = [
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
      ]
      resources = [module.ledger.arn]
    },
  ]

  settings = {
    memory_mb       = var.handlers.settle.memory_mb
    timeout_seconds = local._settle_timeout_seconds
    tracing         = var.platform.tracing
  }
}

module "schedule" {
  source = "./modules/schedule"

  name       = var.name
  enabled    = var.schedule.enabled
  expression = var.schedule.expression
  function   = { arn = module.dispatch.function_arn }
  tags       = local._tags
}

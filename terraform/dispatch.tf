# The tick: messages of the lanes' queues start executions.
locals {
  # A tick drains for tick_seconds and has 20 more to finish the work that it began.
  _dispatch_timeout_seconds = module.input.schedule.tick_seconds + 20

  # A message of one event is processed at once, and hidden for 45 seconds, as
  # long as the lease of a tick that died lasts. One of a batch waits for the
  # others as long as the tick goes on.
  _work_seconds = module.input.workflow.events_per_execution > 1 ? local._dispatch_timeout_seconds : 30

  # The queues of failures, beside the lanes' dead-letter queues.
  _failure_queues = {
    for stage, names in {
      outcomes  = [module.names.queues.outcomes_dlq]
      ingest    = local._ingest ? [module.names.queues.ingest_failures] : []
      rules     = [for lane in local._rule_lanes : module.names.lanes[lane].rules_dlq]
      reconcile = module.input.reconcile.enabled ? [module.names.queues.reconcile_failures] : []
    } : stage => [for name in names : "${local._queue_urls}${name}"] if length(names) > 0
  }

  # Executions of a lane that run at once, by the lane's name; a lane that is missing has no bound
  # of its own.
  _lane_bounds = {
    for name, lane in module.input.lanes : name => lane.max_concurrency if lane.max_concurrency != null
  }

  # Times with a pace of their own, by name; settings without a value are left out.
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
      length(window.lanes) == 0 ? {} : { lanes = window.lanes },
    )
  }
}

module "dispatch" {
  source = "./modules/handler"

  name               = module.names.functions["dispatch"]
  role_name          = module.names.roles["dispatch"]
  handler            = "dispatch"
  architecture       = module.input.handlers.architecture
  artifact           = local._artifact
  code_signing       = module.input.platform.code_signing
  iam                = local._iam
  kms_key            = local._kms_key
  log_retention_days = module.input.platform.logs.retention_days
  manifest           = module.input.handlers.manifest
  vpc                = module.input.platform.vpc

  # Settle and reconcile must know the layout in which dispatch puts slots.
  after = concat([module.settle.function_arn], module.reconcile_function[*].function_arn)

  # By it `spillway list` finds every pipeline of an account.
  tags = merge(local._tags, { "spillway:pipeline" = module.input.name })

  # A tick that Lambda could not run at once is worthless.
  async_invoke = {}

  environment = merge(
    local._environment,
    {
      SPILLWAY_BURST                     = module.input.pace.burst
      SPILLWAY_EVENTS_PER_EXECUTION      = module.input.workflow.events_per_execution
      SPILLWAY_FAILURE_QUEUES            = jsonencode(local._failure_queues)
      SPILLWAY_EXECUTION_TIMEOUT_SECONDS = coalesce(one(module.workflow[*].longest_seconds), 0)
      SPILLWAY_IDLE                      = module.input.schedule.idle
      SPILLWAY_INPUT_FORMAT              = module.input.workflow.input_format
      SPILLWAY_MAX_CONCURRENCY           = module.input.pace.max_concurrency
      SPILLWAY_ORDER                     = module.input.workflow.order
      SPILLWAY_OUTCOMES_QUEUE_URL        = local._outcomes_queue.url
      SPILLWAY_RETENTION_DAYS            = module.input.ledger.retention_days
      SPILLWAY_SLOT_PARTITIONS           = module.input.pace.slot_partitions
      SPILLWAY_STARTS_PER_SECOND         = module.input.pace.starts_per_second
      SPILLWAY_STATE_MACHINE_ARN         = local._start_arn
      SPILLWAY_SWEEP_AFTER_SECONDS       = module.input.sweep.after_seconds
      SPILLWAY_SWEEP_PER_TICK            = module.input.sweep.per_tick
      SPILLWAY_TICK_SECONDS              = module.input.schedule.tick_seconds
      SPILLWAY_WINDOWS                   = jsonencode(values(local._windows))
    },
    {
      for name, value in {
        SPILLWAY_STARTS_PER_DAY  = module.input.limits.starts_per_day
        SPILLWAY_STARTS_PER_TICK = module.input.pace.starts_per_tick
      } : name => value if value != null
    },
    module.input.pace.adapt == null ? {} : {
      SPILLWAY_ADAPT = jsonencode(module.input.pace.adapt)
    },
    module.input.tenants == null ? {} : {
      SPILLWAY_TENANTS = jsonencode(module.input.tenants)
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
      # Each tick reads how much lies there.
      sid     = "Sizes"
      actions = ["sqs:GetQueueAttributes"]
      resources = concat(
        [for lane in module.input.lane_order : local._lane_queues[lane].dlq_arn],
        [local._outcomes_queue.arn],
        [for url in flatten(values(local._failure_queues)) : "${local._queue_arns}${trimprefix(url, local._queue_urls)}"],
      )
    },
    {
      sid = "Ledger"
      actions = [
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PartiQLInsert",
        "dynamodb:PartiQLUpdate",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
      ]
      resources = [local._ledger.arn]
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
    {
      sid       = "List"
      actions   = ["states:ListExecutions"]
      resources = [local._state_machine_arn]
    },
  ]

  settings = {
    memory_mb            = module.input.handlers.dispatch.memory_mb
    reserved_concurrency = module.input.handlers.dispatch.reserved_concurrency
    timeout_seconds      = local._dispatch_timeout_seconds
    tracing              = module.input.platform.tracing
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

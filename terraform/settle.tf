# The ends of executions, and their settlement.
locals {
  _settle_timeout_seconds = 30

  _backoff_seconds = (
    module.input.retry.backoff_seconds != null ? module.input.retry.backoff_seconds :
    module.input.fifo ? [0] : [30, 300]
  )

  # An instance settles many more outcomes a second than 25; the rest is for a
  # ledger that is slow.
  _highest_pace = max(module.input.pace.starts_per_second, [
    for window in values(module.input.windows) : coalesce(try(window.pace.starts_per_second, null), 0)
  ]...)
  _settle_concurrency = coalesce(
    module.input.handlers.settle.maximum_concurrency,
    max(10, ceil(local._highest_pace / 25)),
  )

  _outcomes_queue = {
    arn = "${local._queue_arns}${module.names.queues.outcomes}"
    url = "${local._queue_urls}${module.names.queues.outcomes}"
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

module "settle" {
  source = "./modules/handler"

  name               = module.names.functions["settle"]
  role_name          = module.names.roles["settle"]
  handler            = "settle"
  architecture       = module.input.handlers.architecture
  artifact           = local._artifact
  code_signing       = module.input.platform.code_signing
  iam                = local._iam
  kms_key            = local._kms_key
  log_retention_days = module.input.platform.logs.retention_days
  manifest           = module.input.handlers.manifest
  vpc                = module.input.platform.vpc
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
    module.input.pace.adapt == null ? {} : {
      SPILLWAY_ADAPT = jsonencode(module.input.pace.adapt)
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
        "dynamodb:Query",
        "dynamodb:UpdateItem",
      ]
      resources = [local._ledger.arn]
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

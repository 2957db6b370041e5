# The permissions of a person who looks at the pipeline, and of one who steers it, by the
# program spillway: the same as `spillway iam` prints.
locals {
  _arn = {
    for service in ["dynamodb", "events", "lambda", "logs", "sqs", "states"] :
    service => join(":", ["arn", local._home.partition, service, local._home.region, local._home.account_id])
  }
  _failures = [
    for kind in ["events-dlq_*", "rules-dlq_*", "outcomes-dlq", "ingest-failures", "reconcile-failures"] :
    "${local._arn.sqs}:${module.input.name}_${kind}"
  ]
  _operated_buckets = distinct([for bucket in values(module.input.buckets) : bucket.name])

  _operator_reads = concat(
    [
      {
        Sid    = "Account"
        Effect = "Allow"
        Action = [
          "cloudwatch:DescribeAlarms",
          "cloudwatch:GetMetricData",
          "events:ListRules",
          "lambda:GetAccountSettings",
          "lambda:ListEventSourceMappings",
          "servicequotas:ListServiceQuotas",
          "tag:GetResources",
        ]
        Resource = ["*"]
      },
      {
        Sid      = "Functions"
        Effect   = "Allow"
        Action   = ["lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration"]
        Resource = ["${local._arn.lambda}:function:${module.input.name}_*"]
      },
      {
        Sid      = "Ledger"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]
        Resource = [local._ledger.arn]
      },
      {
        Sid      = "Queues"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
        Resource = ["${local._arn.sqs}:${module.input.name}_*"]
      },
      {
        Sid      = "LookAtFailures"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"]
        Resource = local._failures
      },
      {
        Sid      = "Rules"
        Effect   = "Allow"
        Action   = ["events:DescribeRule", "events:ListTargetsByRule"]
        Resource = ["${local._arn.events}:rule/${module.input.name}_*"]
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:FilterLogEvents"]
        Resource = ["${local._arn.logs}:log-group:/aws/lambda/${module.input.name}_*"]
      },
      {
        Sid      = "Versions"
        Effect   = "Allow"
        Action   = ["states:DescribeStateMachineAlias", "states:ListExecutions"]
        Resource = [local._state_machine_arn, "${local._state_machine_arn}:*"]
      },
      {
        Sid      = "Executions"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution"]
        Resource = [local._executions, "${local._arn.states}:execution:${module.input.name}_reconcile:*"]
      },
    ],
    length(local._operated_buckets) == 0 ? [] : [
      {
        Sid      = "Buckets"
        Effect   = "Allow"
        Action   = ["s3:GetBucketNotification", "s3:ListBucket"]
        Resource = [for name in local._operated_buckets : "arn:${local._home.partition}:s3:::${name}"]
      },
      {
        Sid      = "Objects"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = [for name in local._operated_buckets : "arn:${local._home.partition}:s3:::${name}/*"]
      },
    ],
  )

  _operator_steers = [
    {
      Sid      = "Steer"
      Effect   = "Allow"
      Action   = ["dynamodb:PutItem", "dynamodb:DeleteItem"]
      Resource = [local._ledger.arn]
      Condition = {
        "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["control", "discarded"] }
      }
    },
    {
      # A mark in the row of an event that is dropped for good, and a lease that is released.
      Sid      = "MarkRows"
      Effect   = "Allow"
      Action   = ["dynamodb:UpdateItem"]
      Resource = [local._ledger.arn]
    },
    {
      Sid      = "MoveFailures"
      Effect   = "Allow"
      Action   = ["sqs:CancelMessageMoveTask", "sqs:DeleteMessage", "sqs:ListMessageMoveTasks", "sqs:StartMessageMoveTask"]
      Resource = local._failures
    },
    {
      Sid      = "SendAgain"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = ["${local._arn.sqs}:${module.input.name}_events_*", "${local._arn.sqs}:${module.input.name}_outcomes"]
    },
    {
      Sid      = "Invoke"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [for handler in ["dispatch", "ingest"] : "${local._arn.lambda}:function:${module.input.name}_${handler}"]
    },
    {
      Sid      = "Stop"
      Effect   = "Allow"
      Action   = ["states:StopExecution"]
      Resource = [local._executions, "${local._arn.states}:execution:${module.input.name}_reconcile:*"]
    },
    {
      # The calls of the remedies that status and doctor name.
      Sid      = "Switch"
      Effect   = "Allow"
      Action   = ["events:DisableRule", "events:EnableRule"]
      Resource = ["${local._arn.events}:rule/${module.input.name}_*"]
    },
    {
      Sid      = "Unthrottle"
      Effect   = "Allow"
      Action   = ["lambda:DeleteFunctionConcurrency"]
      Resource = ["${local._arn.lambda}:function:${module.input.name}_*"]
    },
    {
      Sid      = "Reconcile"
      Effect   = "Allow"
      Action   = ["states:StartExecution"]
      Resource = ["${local._arn.states}:stateMachine:${module.input.name}_reconcile"]
    },
  ]
}

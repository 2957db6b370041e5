module "names" {
  source = "../names"

  name   = var.name
  lanes  = var.lanes
  region = var.region
}

locals {
  _queues = { for lane, names in module.names.lanes : lane => "${names.events}${var.fifo ? ".fifo" : ""}" }

  _ours   = ["Spillway"]
  _of     = ["Pipeline", var.name]
  _ledger = ["TableName", var.ledger == null ? module.names.ledger : var.ledger.name]

  # From top to bottom, as a person asks. Each has a text that says which question it
  # answers, and its graph beside it.
  _rows = [
    {
      title = "Waiting"
      says  = "How many events wait, by lane, and how old the oldest is. SQS tells it, for an idle queue up to 15 minutes late. `Backlog` is what each tick saw."
      left = concat(
        [concat(local._ours, ["Backlog"], local._of, [{ label = "all lanes, as a tick sees it", stat = "Maximum" }])],
        [concat(local._ours, ["BacklogHidden"], local._of, [{ label = "delayed or hidden", stat = "Maximum" }])],
        [for lane, queue in local._queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, { label = "lane ${lane}", stat = "Maximum" }]],
      )
      right = [for lane, queue in local._queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, { label = "oldest of ${lane}, seconds", stat = "Maximum" }]]
    },
    {
      title = "Running, against the limit"
      says  = "Executions that run, and the limit in force: a window or an override shows as a step. `Paused` is 1 under a pause, by hand or by a window. `Circuit` is 2 while the target takes nothing."
      left = [
        concat(local._ours, ["SlotsTaken"], local._of, [{ label = "slots taken", stat = "Maximum" }]),
        concat(local._ours, ["MaxConcurrency"], local._of, [{ label = "limit in force", stat = "Minimum" }]),
      ]
      right = [
        concat(local._ours, ["Paused"], local._of, [{ label = "paused", stat = "Maximum" }]),
        concat(local._ours, ["DayLimitReached"], local._of, [{ label = "day's limit reached", stat = "Maximum" }]),
        concat(local._ours, ["StandsStill"], local._of, [{ label = "stands still", stat = "Maximum" }]),
        concat(local._ours, ["Circuit"], local._of, [{ label = "circuit: 1 slowed, 2 open", stat = "Maximum" }]),
      ]
    },
    {
      title = "Started, ended, retried, dead-lettered"
      says  = "A minute's events. Started without ended: executions hang, or outcomes are lost. Retried and dead: `spillway -p ${var.name} failed`."
      left = [
        for name, label in { Started = "started", Succeeded = "succeeded", Retried = "to be retried", Dead = "dead", Throttled = "starts throttled" } :
        concat(local._ours, [name], local._of, [{ label = label, stat = "Sum" }])
      ]
      right = [concat(local._ours, ["DeadLetters"], local._of, [{ label = "in dead-letter and failure queues", stat = "Maximum" }])]
    },
    {
      title = "How long it takes"
      says  = "From S3's event to the start, which is the wait, and from the start to the settled outcome, which is the work. Of first attempts."
      left = [
        for part in setproduct(["EventToStartMilliseconds", "StartToOutcomeMilliseconds"], ["p50", "p99"]) :
        concat(local._ours, [part[0]], local._of, [{ label = "${part[0] == "EventToStartMilliseconds" ? "event to start" : "start to outcome"}, ${part[1]}", stat = part[1] }])
      ]
      right = [concat(local._ours, ["OldestSlotSeconds"], local._of, [{ label = "oldest slot, seconds", stat = "Maximum" }])]
    },
    {
      title = "Calls and units"
      says  = "What the pipeline uses: invocations of its functions, starts that Step Functions took, units of the ledger."
      left = concat(
        [for handler in var.handlers : ["AWS/Lambda", "Invocations", "FunctionName", module.names.functions[handler], { label = handler, stat = "Sum" }]],
        [["AWS/States", "ExecutionsStarted", "StateMachineArn", var.state_machine.arn, { label = "executions started", stat = "Sum" }]],
      )
      right = [
        concat(["AWS/DynamoDB", "ConsumedReadCapacityUnits"], local._ledger, [{ label = "read units", stat = "Sum" }]),
        concat(["AWS/DynamoDB", "ConsumedWriteCapacityUnits"], local._ledger, [{ label = "write units", stat = "Sum" }]),
      ]
    },
    {
      title = "Whether the functions are well"
      says  = "Errors and throttles of the functions. An error of `dispatch` is a tick that failed: `spillway -p ${var.name} status` says why."
      left = [
        for part in setproduct(["Errors", "Throttles"], var.handlers) :
        ["AWS/Lambda", part[0], "FunctionName", module.names.functions[part[1]], { label = "${lower(part[0])} of ${part[1]}", stat = "Sum" }]
      ]
      right = [
        for part in setproduct(["Duration"], var.handlers) :
        ["AWS/Lambda", part[0], "FunctionName", module.names.functions[part[1]], { label = "${part[1]}, milliseconds", stat = "Maximum" }]
      ]
    },
  ]

  _head = concat(
    [
      {
        type       = "text", x = 0, y = 0, width = 6, height = 5
        properties = { markdown = "# ${var.name}, ${var.region}\n\nHealthy or not, and since when: a red alarm names the command to run first.\n\n`spillway -p ${var.name} status`" }
      },
    ],
    [
      for arns in [var.alarm_arns] : {
        type       = "alarm", x = 6, y = 0, width = 18, height = 5
        properties = { title = "Alarms", alarms = arns, sortBy = "stateUpdatedTimestamp" }
      } if length(arns) > 0
    ],
    [
      for arns in [var.alarm_arns] : {
        type       = "text", x = 6, y = 0, width = 18, height = 5
        properties = { markdown = "There are no alarms: `alarms = { topics = [{ arn = … }] }` makes them." }
      } if length(arns) == 0
    ],
  )

  _widgets = concat(local._head, flatten([
    for number, row in local._rows : [
      {
        type       = "text", x = 0, y = 5 + 6 * number, width = 6, height = 6
        properties = { markdown = "## ${row.title}\n\n${row.says}" }
      },
      {
        type = "metric", x = 6, y = 5 + 6 * number, width = 18, height = 6
        properties = {
          title   = row.title
          region  = var.region
          period  = 60
          view    = "timeSeries"
          stacked = false
          yAxis   = { left = { min = 0 }, right = { min = 0 } }
          metrics = concat(
            row.left,
            [for metric in row.right : concat(slice(metric, 0, length(metric) - 1), [merge(metric[length(metric) - 1], { yAxis = "right" })])],
          )
        }
      },
    ]
  ]))
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = module.names.dashboard
  dashboard_body = jsonencode({ start = "-PT3H", periodOverride = "inherit", widgets = local._widgets })
}

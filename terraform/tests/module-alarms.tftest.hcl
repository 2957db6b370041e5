# modules/alarms on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name   = "reports"
  topics = [{ arn = "arn:aws:sns:eu-central-1:111122223333:oncall" }]
}

run "alarms" {
  module {
    source = "./modules/alarms"
  }

  assert {
    condition = join(" ", keys(aws_cloudwatch_metric_alarm.this)) == join(" ", [
      "dead-letters", "errors_dispatch", "errors_reconcile", "errors_settle", "failures", "function-limit",
      "lease-stays-taken", "ledger-throttled_reads", "ledger-throttled_writes", "needs-person", "no-tick",
      "oldest-event_default", "oldest-slot", "other-release", "override", "stands-still",
      "throttled-starts", "throttles_dispatch", "throttles_settle",
    ])
    error_message = "A pipeline without ingest and limits has these: ${jsonencode(keys(aws_cloudwatch_metric_alarm.this))}"
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:111122223333:oncall"]) && alarm.ok_actions == alarm.alarm_actions])
    error_message = "The topics are told when an alarm begins and when it ends."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["no-tick"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["no-tick"].datapoints_to_alarm == 3 && aws_cloudwatch_metric_alarm.this["no-tick"].evaluation_periods == 5
    error_message = "Without a value, no tick has ended."
  }
  assert {
    condition     = length(terraform_data.applied) == 1 && length(regexall("^IF\\(EPOCH\\(m\\) < [0-9]{10} OR m > 0, 0, 1\\)$", join("", [for query in aws_cloudwatch_metric_alarm.this["no-tick"].metric_query : query.expression if query.expression != null && query.expression != ""]))) == 1
    error_message = "The first apply counts as the time when the pipeline was made."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["oldest-event_default"].dimensions == tomap({ QueueName = "reports_events_default" }) && aws_cloudwatch_metric_alarm.this["oldest-event_default"].threshold == 86400
    error_message = "A lane's oldest event is that of its queue."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["dead-letters"].alarm_description == "Messages lie in a dead-letter or failure queue: no function receives them any more.\nFirst: spillway -p reports failed\nRunbook: docs/operate/runbook.md#dead-letters"
    error_message = "It gives its meaning, the command to run first, and the page to read on."
  }
  assert {
    condition     = output.metrics == 19 && output.unhealthy_arn == null && length(output.alarm_arns) == 19 && output.alarm_names["errors_settle"] == "reports_function-alarm_errors_settle"
    error_message = "${output.metrics} metrics are paid for."
  }
}

run "alarms_of_everything" {
  module {
    source = "./modules/alarms"
  }

  variables {
    drain_seconds    = 3600
    fifo             = true
    handlers         = ["dispatch", "ingest", "reconcile", "settle"]
    lanes            = ["bulk", "urgent"]
    adapts           = true
    limit_of_the_day = true
    reconcile        = { state_machine_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports_reconcile" }
    runbook          = "https://wiki.example.com/spillway"
    unhealthy        = true
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : length(alarm.alarm_actions) == 0]) && aws_cloudwatch_composite_alarm.unhealthy[0].alarm_actions == toset(["arn:aws:sns:eu-central-1:111122223333:oncall"])
    error_message = "One page for one trouble."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["oldest-event_urgent"].dimensions == tomap({ QueueName = "reports_events_urgent.fifo" })
    error_message = "A FIFO queue's name ends so."
  }
  assert {
    condition     = length([for alarm in aws_cloudwatch_metric_alarm.this : 1 if strcontains(aws_cloudwatch_composite_alarm.unhealthy[0].alarm_rule, "ALARM(\"${alarm.alarm_name}\")")]) == length(aws_cloudwatch_metric_alarm.this)
    error_message = "Unhealthy is any of them."
  }
  assert {
    condition     = endswith(aws_cloudwatch_metric_alarm.this["throttles_ingest"].alarm_description, "Runbook: https://wiki.example.com/spillway#throttles")
    error_message = "The runbook is the given one."
  }
}

run "alarms_of_a_pipeline_that_is_new_until" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    since = "2028-02-29T23:59:59Z"
  }

  assert {
    condition     = length(terraform_data.applied) == 0 && contains([for query in aws_cloudwatch_metric_alarm.this["no-tick"].metric_query : query.expression], "IF(EPOCH(m) < ${1835481599 + 900 + 180} OR m > 0, 0, 1)")
    error_message = "It is new for 18 minutes, by `date` for 2028-02-29."
  }
}

run "alarms_of_a_rare_tick" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    schedule = "rate(1 hour)"
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "no-tick") && aws_cloudwatch_metric_alarm.this["stands-still"].period == 3600
    error_message = "A schedule slower than a minute has no such alarm, unless it is asked for."
  }
}

run "alarms_of_a_rare_tick_on_request" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    schedule        = "rate(10 minutes)"
    no_tick_seconds = 1800
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.this["no-tick"].metric_query : query.metric[0].period if length(query.metric) > 0] == [600]
    error_message = "Each period has a tick."
  }
}

run "alarms_without_a_topic" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    topics = []
  }

  expect_failures = [var.topics]
}

run "alarms_that_tell_no_topic" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    topics = [{ arn = "oncall@example.com" }]
  }

  expect_failures = [var.topics]
}

run "alarms_of_a_function_that_is_none" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    handlers = ["dispatch", "sweeper"]
  }

  expect_failures = [var.handlers]
}

run "alarms_out_of_range" {
  command = plan

  module {
    source = "./modules/alarms"
  }

  variables {
    drain_seconds        = 1
    failure_percent      = 0
    no_tick_seconds      = 60
    oldest_event_seconds = 1209601
    oldest_slot_seconds  = 0
    override_hours       = 0
    schedule             = "every minute"
    since                = "2026-11-29T12:00:00+09:00"
  }

  expect_failures = [
    var.drain_seconds, var.failure_percent, var.no_tick_seconds, var.oldest_event_seconds,
    var.oldest_slot_seconds, var.override_hours, var.schedule, var.since,
  ]
}

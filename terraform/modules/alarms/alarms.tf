# Every alarm, by the heading of its page in the runbook. Their common settings
# are in main.tf.
locals {
  # Alarms that count ticks have a period in which one ends.
  _each_minute = can(regex("^(rate\\(1 minute\\)$|cron\\([*] )", var.schedule))
  _no_tick_seconds = (
    var.no_tick_seconds != null ? var.no_tick_seconds : local._each_minute ? 180 : null
  )
  _tick_period = (
    local._no_tick_seconds != null ? 60 * ceil(local._no_tick_seconds / 180) : 3600
  )

  _ours = { namespace = "Spillway", dimensions = { Pipeline = var.name } }

  _of_ticks = {
    no-tick = {
      what   = "No tick of dispatch ended for 3 periods: no event starts."
      metric = merge(local._ours, { name = "SlotsTaken", statistic = "SampleCount" })
      # 1 if no tick ended, also after a long time without one, and 0 as long as
      # the pipeline is new. EPOCH has a value for every period.
      expression = "IF(EPOCH(m) < ${local._quiet_until} OR m > 0, 0, 1)"
      above      = 0
      period     = local._tick_period
      # Metrics of log lines come up to two periods late.
      datapoints = [3, 5]
      missing    = "breaching"
    }
    lease-stays-taken = {
      what       = "Ticks find the lease taken: a tick that died left it, or two schedules tick."
      metric     = merge(local._ours, { name = "LeaseBusy", statistic = "Sum" })
      above      = 0
      period     = local._tick_period
      datapoints = [3, 3]
    }
    stands-still = {
      what       = "Events wait and slots are free, no pause or limit holds starts back, and nothing starts."
      metric     = merge(local._ours, { name = "StandsStill", statistic = "Maximum" })
      above      = 0
      period     = local._tick_period
      datapoints = [3, 3]
    }
    oldest-slot = {
      what       = "A slot is older than ${var.oldest_slot_seconds} s: its execution hangs, or its outcome is lost."
      metric     = merge(local._ours, { name = "OldestSlotSeconds", statistic = "Maximum" })
      first      = "running --longest 10"
      above      = var.oldest_slot_seconds
      period     = local._tick_period
      datapoints = [2, 3]
    }
    dead-letters = {
      what       = "Messages lie in a dead-letter or failure queue: no function receives them any more."
      metric     = merge(local._ours, { name = "DeadLetters", statistic = "Maximum" })
      first      = "failed"
      above      = 0
      period     = local._tick_period
      datapoints = [1, 1]
    }
    needs-person = {
      what       = "A person must decide: a slot parked, an item unreadable, an execution redriven or an orphan."
      metric     = merge(local._ours, { name = "NeedsPerson", statistic = "Sum" })
      above      = 0
      period     = max(300, local._tick_period)
      datapoints = [1, 1]
    }
    failures = {
      what       = "More than ${var.failure_percent} % of attempts fail."
      metric     = merge(local._ours, { name = "Failures", statistic = "Average" })
      first      = "failed"
      above      = var.failure_percent / 100
      period     = 60
      datapoints = [3, 3]
    }
    throttled-starts = {
      what       = "Step Functions has throttled starts for 15 minutes: the account's quota is below the pace."
      metric     = merge(local._ours, { name = "Throttled", statistic = "Sum" })
      above      = 0
      period     = max(300, local._tick_period)
      datapoints = [3, 3]
    }
    override = {
      what       = "An operator's pause or override is older than ${var.override_hours} hours, or does not say since when."
      metric     = merge(local._ours, { name = "OverrideSeconds", statistic = "Maximum" })
      first      = "pace"
      above      = var.override_hours * 3600
      period     = local._tick_period
      datapoints = [1, 1]
    }
  }

  _of_functions = {
    # One for both: an alarm on each would cost ten cents more.
    function-limit = {
      what       = "A function has used 85 % of its memory or all of its time: Lambda ends the invocation then."
      metric     = merge(local._ours, { name = "FunctionNearLimit", statistic = "Maximum" })
      above      = 0
      period     = 60
      datapoints = [1, 1]
    }
    other-release = {
      what       = "A function runs code of another version than the release that was applied."
      metric     = merge(local._ours, { name = "OtherRelease", statistic = "Maximum" })
      first      = "doctor"
      above      = 0
      period     = 300
      datapoints = [3, 3]
    }
  }

  # One for each metric: if one of two has never had a value, their sum has none.
  _of_ledger = {
    for key, name in { reads = "ReadThrottleEvents", writes = "WriteThrottleEvents" } :
    "ledger-throttled_${key}" => {
      what   = "DynamoDB throttles ${key} of the ledger."
      metric = { name = name, statistic = "Sum", namespace = "AWS/DynamoDB", dimensions = { TableName = local._ledger } }
      # Alarms on metrics of DynamoDB ignore missing data, with any setting: only
      # filled ones end.
      expression = "FILL(m, 0)"
      above      = 0
      period     = 60
      datapoints = [3, 5]
    }
  }

  _of_each_function = merge([
    for handler, function in local._functions : {
      "errors_${handler}" = {
        what       = "${function} fails${handler == "dispatch" ? ": its ticks end with an error" : ""}."
        metric     = { name = "Errors", statistic = "Sum", namespace = "AWS/Lambda", dimensions = { FunctionName = function } }
        above      = 0
        period     = handler == "dispatch" ? local._tick_period : 60
        datapoints = [2, 3]
      }
      "throttles_${handler}" = {
        what       = "Lambda throttles ${function}: the account or the function has too little concurrency."
        first      = "doctor"
        metric     = { name = "Throttles", statistic = "Sum", namespace = "AWS/Lambda", dimensions = { FunctionName = function } }
        above      = 0
        period     = 60
        datapoints = [2, 3]
      }
    }
  ]...)

  _of_lanes = {
    for lane, queue in local._queues : "oldest-event_${lane}" => {
      what       = "The oldest event of lane ${lane} has waited for more than ${var.oldest_event_seconds} s."
      metric     = { name = "ApproximateAgeOfOldestMessage", statistic = "Maximum", namespace = "AWS/SQS", dimensions = { QueueName = queue } }
      above      = var.oldest_event_seconds
      period     = 300
      datapoints = [1, 1]
    }
  }

  _on_request = {
    drain-time = var.drain_seconds == null ? null : {
      what       = "At the present rate the backlog needs more than ${coalesce(var.drain_seconds, 0)} s to drain."
      metric     = merge(local._ours, { name = "DrainSeconds", statistic = "Minimum" })
      above      = var.drain_seconds
      period     = local._tick_period
      datapoints = [3, 3]
    }
    circuit-open = !var.adapts ? null : {
      what       = "The circuit is open: nearly all executions fail with errors of their target, and only probes start."
      metric     = merge(local._ours, { name = "Circuit", statistic = "Maximum" })
      above      = 1
      period     = local._tick_period
      datapoints = [1, 1]
    }
    day-limit = !var.limit_of_the_day ? null : {
      what       = "The day's limit of starts is reached: events wait for the next day (UTC)."
      metric     = merge(local._ours, { name = "DayLimitReached", statistic = "Maximum" })
      above      = 0
      period     = local._tick_period
      datapoints = [1, 1]
    }
    reconcile-failed = var.reconcile == null ? null : {
      what       = "A reconcile run failed: it did not finish its comparison."
      metric     = { name = "ExecutionsFailed", statistic = "Sum", namespace = "AWS/States", dimensions = { StateMachineArn = var.reconcile.state_machine_arn } }
      above      = 0
      period     = 300
      datapoints = [1, 1]
    }
  }
}

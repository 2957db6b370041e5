locals {
  # Throttles of reconcile end in a run that failed: Step Functions invokes again.
  _left_out = concat(
    ["throttles_reconcile"],
    local._no_tick_seconds == null ? ["no-tick"] : [],
  )
  # As one type: absent is null.
  _alarms = {
    for key, alarm in merge(
      local._of_ticks, local._of_functions, local._of_each_function, local._of_lanes, local._of_ledger,
      { for key, alarm in local._on_request : key => alarm if alarm != null },
      ) : key => {
      metric     = alarm.metric
      expression = lookup(alarm, "expression", null)
      above      = alarm.above
      period     = alarm.period
      datapoints = alarm.datapoints
      missing    = lookup(alarm, "missing", "notBreaching")
      description = join("\n", [
        alarm.what,
        "First: spillway -p ${var.name} ${lookup(alarm, "first", "status")}",
        # One page for an alarm, of any function or lane.
        "Runbook: ${var.runbook}#${split("_", key)[0]}",
      ])
    } if !contains(local._left_out, key)
  }
  # The metrics that CloudWatch charges for.
  _metrics = length(local._alarms)
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local._alarms

  alarm_name          = local._names[each.key]
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = each.value.datapoints[0]
  evaluation_periods  = each.value.datapoints[1]
  tags                = var.tags
  threshold           = each.value.above
  treat_missing_data  = each.value.missing

  alarm_actions = var.unhealthy ? [] : local._topics
  ok_actions    = var.unhealthy ? [] : local._topics

  # One metric, unless something is computed.
  dimensions  = each.value.expression == null ? each.value.metric.dimensions : null
  metric_name = each.value.expression == null ? each.value.metric.name : null
  namespace   = each.value.expression == null ? each.value.metric.namespace : null
  period      = each.value.expression == null ? each.value.period : null
  statistic   = each.value.expression == null ? each.value.metric.statistic : null

  dynamic "metric_query" {
    for_each = each.value.expression == null ? [] : [each.value.metric]

    content {
      id          = "m"
      return_data = false

      metric {
        dimensions  = metric_query.value.dimensions
        metric_name = metric_query.value.name
        namespace   = metric_query.value.namespace
        period      = each.value.period
        stat        = metric_query.value.statistic
      }
    }
  }
  dynamic "metric_query" {
    for_each = each.value.expression == null ? [] : [each.value.expression]

    content {
      id          = "result"
      expression  = metric_query.value
      label       = each.key
      return_data = true
    }
  }
}

# One page for one trouble, for any number of alarms.
resource "aws_cloudwatch_composite_alarm" "unhealthy" {
  count = var.unhealthy ? 1 : 0

  alarm_name        = local._names["unhealthy"]
  alarm_description = "Something is wrong with the pipeline.\nFirst: spillway -p ${var.name} status\nRunbook: ${var.runbook}#unhealthy"
  alarm_rule        = join(" OR ", [for key in sort(keys(local._alarms)) : "ALARM(\"${local._names[key]}\")"])
  tags              = var.tags

  alarm_actions = local._topics
  ok_actions    = local._topics

  # The rule names them, and CloudWatch wants them to be there.
  depends_on = [aws_cloudwatch_metric_alarm.this]
}

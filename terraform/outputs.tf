output "alarms" {
  description = "The alarms: names and ARNs by the heading of their page in the runbook, the composite one's ARN, and how many metrics they read, which CloudWatch charges for. Null without alarms."
  value = one([
    for alarms in module.alarms : {
      arns          = alarms.alarm_arns
      names         = alarms.alarm_names
      unhealthy_arn = alarms.unhealthy_arn
      metrics       = alarms.metrics
    }
  ])
}

output "bucket_notifications" {
  description = "Per bucket key, the parts that its notification configuration must have, for its owner: the bucket's name, the queue and function entries, and whether EventBridge must be on. Prefixes and suffixes are not URL-encoded: modules/bucket-notification writes them as S3 wants them."
  value       = local._bucket_notifications
}

output "dashboard_url" {
  description = "Address of the dashboard in the console; null without one."
  value       = one(module.dashboard[*].url)
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue, that of the first lane."
  value       = module.queue[module.input.first_lane].dead_letter_queue_arn
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue, that of the first lane."
  value       = module.queue[module.input.first_lane].dead_letter_queue_url
}

output "dispatch_function_name" {
  description = "Name of the function that starts executions."
  value       = module.dispatch.function_name
}

output "dispatch_role_arn" {
  description = "ARN of dispatch's role."
  value       = module.dispatch.role_arn
}

output "effective_pace" {
  description = "The pace in force, by window, with the lanes' bounds; \"default\" is outside of every window."
  value = merge(
    {
      default = merge(module.input.pace, {
        schedule     = module.input.schedule.expression
        tick_seconds = module.input.schedule.tick_seconds
        idle         = module.input.schedule.idle
        lanes        = local._lane_bounds
      })
    },
    {
      for name, window in local._windows : name => merge(
        module.input.pace,
        { dates = null, days = null, pause = false },
        { for key, value in window : key => value if !contains(["name", "pace", "lanes"], key) },
        try(window.pace, {}),
        {
          schedule     = module.input.schedule.expression
          tick_seconds = module.input.schedule.tick_seconds
          idle         = module.input.schedule.idle
          lanes        = merge(local._lane_bounds, { for lane, bound in module.input.windows[name].lanes : lane => bound.max_concurrency })
        },
      )
    },
  )
}

output "event_rules" {
  description = "By <bucket key>.<source key>, the rules of sources via \"eventbridge\": name, ARN and pattern, the bucket, and the act that its owner must do (null: none)."
  value = {
    for key, rule in module.rule : key => {
      name    = rule.rule_name
      arn     = rule.rule_arn
      pattern = rule.event_pattern
      bucket  = module.input.buckets[module.input.sources[key].bucket].name
      enable = (
        module.input.buckets[module.input.sources[key].bucket].account_id != null
        ? "Switch on EventBridge in the bucket's notification configuration (bucket_notifications.${module.input.sources[key].bucket}.eventbridge), and let a rule of account ${module.input.buckets[module.input.sources[key].bucket].account_id} forward the bucket's Object Created events to the default event bus of account ${local._home.account_id}, whose policy must allow it."
        : module.input.buckets[module.input.sources[key].bucket].notification == "external"
        ? "Switch on EventBridge in the bucket's notification configuration (bucket_notifications.${module.input.sources[key].bucket}.eventbridge)."
        : null
      )
    }
  }
}

output "events_queue_arn" {
  description = "ARN of the events queue, that of the first lane; its policy is in force."
  value       = module.queue[module.input.first_lane].queue_arn
}

output "events_queue_url" {
  description = "URL of the events queue, that of the first lane."
  value       = module.queue[module.input.first_lane].queue_url
}

output "ingest_failure_queue_arn" {
  description = "ARN of the queue of events that ingest failed on; null without a source via \"lambda\"."
  value       = one(module.ingest_failures[*].queue_arn)
}

output "ingest_failure_queue_url" {
  description = "URL of the queue of events that ingest failed on; null without a source via \"lambda\"."
  value       = one(module.ingest_failures[*].queue_url)
}

output "ingest_function_name" {
  description = "Name of the function that S3 invokes; null without a source via \"lambda\"."
  value       = one(module.ingest[*].function_name)
}

output "ingest_role_arn" {
  description = "ARN of ingest's role; null without a source via \"lambda\"."
  value       = one(module.ingest[*].role_arn)
}

output "kms_key_policy_statements" {
  description = "The uses that the policy of a customer-managed key must allow for this pipeline: statements, ready for jsonencode()."
  value       = module.key_policy.statements
}

output "lanes" {
  description = "By lane, its events queue and its dead-letter queue."
  value = {
    for lane, queue in module.queue : lane => {
      queue_arn             = queue.queue_arn
      queue_url             = queue.queue_url
      dead_letter_queue_arn = queue.dead_letter_queue_arn
      dead_letter_queue_url = queue.dead_letter_queue_url
    }
  }
}

output "ledger_table_arn" {
  description = "ARN of the ledger."
  value       = local._ledger.arn
}

output "ledger_table_name" {
  description = "Name of the ledger."
  value       = local._ledger.name
}

output "log_group_names" {
  description = "Names of the log groups; null for a function that the pipeline does not have."
  value = {
    dispatch  = module.dispatch.log_group_name
    ingest    = one(module.ingest[*].log_group_name)
    reconcile = one(module.reconcile_function[*].log_group_name)
    settle    = module.settle.log_group_name
    workflow  = one(module.workflow[*].log_group_name)
  }
}

output "metrics" {
  description = "The handlers' metrics in CloudWatch: namespace, dimensions, names by handler, and the meaning of each. \"every\" are those of every function. CloudWatch charges $0.30 a month for each, by the hours in which it is reported. Counts of 0 are not reported: alarms should treat missing data as not breaching."
  value = {
    namespace  = "Spillway"
    dimensions = { Pipeline = module.input.name }
    names      = { for handler, metrics in local._metrics : handler => keys(metrics) }
    # By handler and name: unit, meaning, and when it is reported.
    list = local._metrics
  }
}

output "operator_policies" {
  description = "Policies, in JSON, for people who use the program spillway: read for looking, operate for everything. A key of your own needs kms:Decrypt and kms:GenerateDataKey beside them."
  value = {
    read    = jsonencode({ Version = "2012-10-17", Statement = local._operator_reads })
    operate = jsonencode({ Version = "2012-10-17", Statement = concat(local._operator_reads, [for statement in local._operator_steers : statement]) })
  }
}

output "outcomes_dead_letter_queue_arn" {
  description = "ARN of the outcomes queue's dead-letter queue."
  value       = module.outcomes.dead_letter_queue_arn
}

output "outcomes_dead_letter_queue_url" {
  description = "URL of the outcomes queue's dead-letter queue."
  value       = module.outcomes.dead_letter_queue_url
}

output "outcomes_queue_arn" {
  description = "ARN of the outcomes queue."
  value       = module.outcomes.queue_arn
}

output "outcomes_queue_url" {
  description = "URL of the outcomes queue."
  value       = module.outcomes.queue_url
}

output "reconcile" {
  description = "The parts that find missed events, and the way to run them: state machine, functions, the rule and the queue of runs that it could not start, the metric of failed runs, and the command that shows the effect of a backfill of the listed buckets. Null if it is off."
  value = one([
    for reconcile in module.reconcile : {
      state_machine_arn = reconcile.state_machine_arn
      function_name     = module.reconcile_function[0].function_name
      function_role_arn = module.reconcile_function[0].role_arn
      log_group_name    = reconcile.log_group_name
      role_arn          = reconcile.role_arn
      rule_name         = reconcile.rule_name
      failure_queue_arn = module.reconcile_failures[0].queue_arn
      failure_queue_url = module.reconcile_failures[0].queue_url
      failed_runs_metric = {
        namespace  = "AWS/States"
        name       = "ExecutionsFailed"
        dimensions = { StateMachineArn = reconcile.state_machine_arn }
      }
      # Without dry_run it is the backfill.
      dry_run_command = length(local._listed) == 0 ? null : join(" ", [
        "aws stepfunctions start-execution --state-machine-arn", reconcile.state_machine_arn,
        "--input '${jsonencode({ list = [for listing in local._listings : merge(listing, { dry_run = true })] })}'",
      ])
    }
  ])
}

output "redrive" {
  description = "The moves of the redrive command, by stage: source and destination; events is the first lane. Ingest is invoked again with the payloads that it failed on. Replayed object events are read from the ledger and sent to the lanes' queues."
  value = {
    events = {
      source_arn      = module.queue[module.input.first_lane].dead_letter_queue_arn
      source_url      = module.queue[module.input.first_lane].dead_letter_queue_url
      destination_arn = module.queue[module.input.first_lane].queue_arn
      destination_url = module.queue[module.input.first_lane].queue_url
    }
    lanes = {
      for lane, queue in module.queue : lane => {
        source_arn      = queue.dead_letter_queue_arn
        source_url      = queue.dead_letter_queue_url
        destination_arn = queue.queue_arn
        destination_url = queue.queue_url
      }
    }
    outcomes = {
      source_arn      = module.outcomes.dead_letter_queue_arn
      source_url      = module.outcomes.dead_letter_queue_url
      destination_arn = module.outcomes.queue_arn
      destination_url = module.outcomes.queue_url
    }
    ingest = one([
      for queue in module.ingest_failures : {
        source_arn    = queue.queue_arn
        source_url    = queue.queue_url
        function_name = module.ingest[0].function_name
      }
    ])
    rules = {
      for lane, queue in module.rules_dlq : lane => {
        source_arn      = queue.queue_arn
        source_url      = queue.queue_url
        destination_arn = module.queue[lane].queue_arn
        destination_url = module.queue[lane].queue_url
      }
    }
    replay = {
      first_lane        = module.input.first_lane
      ledger_arn        = module.ledger.arn
      ledger_table_name = local._ledger.name
      order             = module.input.workflow.order
    }
  }
}

output "released_sha256" {
  description = "SHA-256 (base64) of each handler's zip in the manifest."
  value = merge(
    {
      dispatch = module.dispatch.released_sha256
      settle   = module.settle.released_sha256
    },
    { for ingest in module.ingest : "ingest" => ingest.released_sha256 },
    { for reconcile in module.reconcile_function : "reconcile" => reconcile.released_sha256 },
  )
}

output "running_sha256" {
  description = "SHA-256 (base64) of the code each function runs: differs from released_sha256 if someone else deployed."
  value = merge(
    {
      dispatch = module.dispatch.running_sha256
      settle   = module.settle.running_sha256
    },
    { for ingest in module.ingest : "ingest" => ingest.running_sha256 },
    { for reconcile in module.reconcile_function : "reconcile" => reconcile.running_sha256 },
  )
}

output "schedule_rule_name" {
  description = "Name of the rule behind the tick."
  value       = module.schedule.rule_name
}

output "settle_function_name" {
  description = "Name of the function that settles outcomes."
  value       = module.settle.function_name
}

output "settle_role_arn" {
  description = "ARN of settle's role."
  value       = module.settle.role_arn
}

output "start_arn" {
  description = "The ARN that starts executions: the alias's, or the state machine's if there is no alias."
  value       = local._start_arn
}

output "state_machine_arn" {
  description = "ARN of the state machine, without alias or version."
  value       = local._state_machine_arn
}

output "vpc_endpoints" {
  description = "The endpoints that the functions need if platform.vpc has no way to the internet, by service: name and type (Gateway, or Interface with private DNS)."
  value = {
    for service, type in merge(
      { dynamodb = "Gateway", sqs = "Interface", states = "Interface" },
      module.input.reconcile.enabled ? { s3 = "Gateway" } : {},
      ) : service => {
      name = "${local._home.partition == "aws-cn" ? "cn.com" : "com"}.amazonaws.${local._home.region}.${service}"
      type = type
    }
  }
}

output "workflow_role_arn" {
  description = "ARN of the state machine's role; null if the state machine was made elsewhere."
  value       = one(module.workflow[*].role_arn)
}

output "workflow_role_name" {
  description = "Name of the state machine's role, for further policies; null if the state machine was made elsewhere."
  value       = one(module.workflow[*].role_name)
}

output "workflow_version_arn" {
  description = "ARN of the state machine's newest version, for workflow.alias.previous_version_arn of the next change; null without an alias."
  value       = one(module.workflow[*].version_arn)
}

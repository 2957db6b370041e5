output "bucket_notifications" {
  description = "Per bucket key, the bucket's name and the queue entries of its notification configuration: for whoever owns it."
  value       = module.queue["default"].bucket_notifications
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue."
  value       = module.queue["default"].dead_letter_queue_arn
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = module.queue["default"].dead_letter_queue_url
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
  description = "The pace in force, by window; \"default\" is outside of every window."
  value = {
    default = merge(var.pace, {
      schedule     = var.schedule.expression
      tick_seconds = var.schedule.tick_seconds
    })
  }
}

output "events_queue_arn" {
  description = "ARN of the events queue; its policy is in force."
  value       = module.queue["default"].queue_arn
}

output "events_queue_url" {
  description = "URL of the events queue."
  value       = module.queue["default"].queue_url
}

output "ledger_table_arn" {
  description = "ARN of the ledger."
  value       = module.ledger.arn
}

output "ledger_table_name" {
  description = "Name of the ledger."
  value       = module.ledger.name
}

output "log_group_names" {
  description = "Names of the log groups."
  value = {
    dispatch = module.dispatch.log_group_name
    settle   = module.settle.log_group_name
    workflow = module.workflow.log_group_name
  }
}

output "metrics" {
  description = "The handlers' metrics in CloudWatch: namespace, dimensions, and the names by handler."
  value = {
    namespace  = "Spillway"
    dimensions = { Pipeline = var.name }
    names      = local._metrics
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

output "redrive" {
  description = "What the redrive command moves, by stage: from where, and to where."
  value = {
    events = {
      source_arn      = module.queue["default"].dead_letter_queue_arn
      source_url      = module.queue["default"].dead_letter_queue_url
      destination_arn = module.queue["default"].queue_arn
      destination_url = module.queue["default"].queue_url
    }
    outcomes = {
      source_arn      = module.outcomes.dead_letter_queue_arn
      source_url      = module.outcomes.dead_letter_queue_url
      destination_arn = module.outcomes.queue_arn
      destination_url = module.outcomes.queue_url
    }
  }
}

output "released_sha256" {
  description = "SHA-256 (base64) of each handler's zip in the manifest."
  value = {
    dispatch = module.dispatch.released_sha256
    settle   = module.settle.released_sha256
  }
}

output "running_sha256" {
  description = "SHA-256 (base64) of the code each function runs: differs from released_sha256 if someone else deployed."
  value = {
    dispatch = module.dispatch.running_sha256
    settle   = module.settle.running_sha256
  }
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

output "state_machine_arn" {
  description = "ARN of the state machine."
  value       = module.workflow.state_machine_arn
}

output "workflow_role_arn" {
  description = "ARN of the state machine's role."
  value       = module.workflow.role_arn
}

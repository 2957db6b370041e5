output "alarms" {
  description = "Names of the alarms: by alarm, oldest-event_<lane>, ledger-throttled_reads and _writes, and errors_<handler> and throttles_<handler>."
  value       = local._alarms
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = local._dashboard
}

output "functions" {
  description = "Names of the functions by handler."
  value       = local._functions
}

output "guards" {
  description = "Names of the topics that refuse the removal of a protected queue: events_<lane>, rules-dlq_<lane> and ingest-failures."
  value       = local._guards
}

output "lanes" {
  description = "By lane, the names of its queues: events, events_dlq and rules_dlq, without .fifo."
  value       = local._lanes
}

output "ledger" {
  description = "Name of the ledger."
  value       = "${var.name}_ledger"
}

output "log_groups" {
  description = "Names of the log groups, of functions by handler and of state machines."
  value       = local._log_groups
}

output "queues" {
  description = "Names of the queues that a pipeline has one of: ingest_failures, outcomes, outcomes_dlq, reconcile_failures."
  value       = local._queues
}

output "roles" {
  description = "Names of the roles: of each handler, workflow, reconcile-map and reconcile-rule."
  value       = local._roles
}

output "rules" {
  description = "Names of the rules that a pipeline has one of: outcomes, reconcile, tick."
  value       = local._rules
}

output "source_rules" {
  description = "By source, the name of its rule with via = \"eventbridge\"."
  value       = local._source_rules
}

output "sources" {
  description = "By source, the id of its entry in the bucket's notification configuration."
  value       = local._sources
}

output "state_machines" {
  description = "Names of the state machines: reconcile and workflow."
  value       = local._machines
}

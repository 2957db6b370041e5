# Seen at once: alarms and a dashboard.
locals {
  _metrics = jsondecode(file("${path.module}/data/metrics.json"))

  # A slot is freed by the sweep when its outcome is lost, and that is looked for
  # in turn: ten minutes more than one lap.
  _longest_seconds = one(module.workflow[*].longest_seconds)
  _oldest_slot_seconds = (
    local._longest_seconds == null ? 86400 : local._longest_seconds + module.input.sweep.after_seconds + 1800
  )
  # By the part that each alarm needs.
  _having = concat(
    ["dispatch", "settle"],
    local._ingest ? ["ingest"] : [],
    module.input.reconcile.enabled ? ["reconcile"] : [],
  )
}

module "alarms" {
  count  = module.input.alarms == null ? 0 : 1
  source = "./modules/alarms"

  name             = module.input.name
  adapts           = module.input.pace.adapt != null
  fifo             = module.input.fifo
  handlers         = local._having
  lanes            = keys(module.input.lanes)
  ledger           = { name = local._ledger.name }
  limit_of_the_day = module.input.limits.starts_per_day != null
  reconcile        = one([for run in module.reconcile : { state_machine_arn = run.state_machine_arn }])
  schedule         = module.input.schedule.expression
  tags             = local._tags
  topics           = module.input.alarms.topics

  drain_seconds        = module.input.alarms.drain_seconds
  failure_percent      = module.input.alarms.failure_percent
  no_tick_seconds      = module.input.alarms.no_tick_seconds
  oldest_event_seconds = module.input.alarms.oldest_event_seconds
  oldest_slot_seconds  = coalesce(module.input.alarms.oldest_slot_seconds, local._oldest_slot_seconds)
  override_hours       = module.input.alarms.override_hours
  runbook              = module.input.alarms.runbook
  unhealthy            = module.input.alarms.unhealthy
}

module "dashboard" {
  count  = module.input.dashboard ? 1 : 0
  source = "./modules/dashboard"

  name          = module.input.name
  alarm_arns    = flatten([for alarms in module.alarms : values(alarms.alarm_arns)])
  fifo          = module.input.fifo
  handlers      = local._having
  lanes         = keys(module.input.lanes)
  ledger        = { name = local._ledger.name }
  region        = local._home.region
  state_machine = { arn = local._state_machine_arn }
}

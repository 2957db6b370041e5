# The input is given on as it came: modules/input has the types, the rules and
# the defaults, and tells of attributes that are misspelt.
module "input" {
  source = "./modules/input"

  name                    = var.name
  alarms                  = var.alarms
  buckets                 = var.buckets
  dashboard               = var.dashboard
  fifo                    = var.fifo
  handlers                = var.handlers
  lanes                   = var.lanes
  ledger                  = var.ledger
  limits                  = var.limits
  pace                    = var.pace
  platform                = var.platform
  protect                 = var.protect
  reconcile               = var.reconcile
  retry                   = var.retry
  schedule                = var.schedule
  sweep                   = var.sweep
  tenants                 = var.tenants
  topics                  = var.topics
  trusted_organization_id = var.trusted_organization_id
  windows                 = var.windows
  workflow                = var.workflow

  dist = "${path.module}/dist"

  given = {
    alarms    = var.alarms
    buckets   = var.buckets
    handlers  = var.handlers
    lanes     = var.lanes
    ledger    = var.ledger
    limits    = var.limits
    pace      = var.pace
    platform  = var.platform
    reconcile = var.reconcile
    retry     = var.retry
    schedule  = var.schedule
    sweep     = var.sweep
    tenants   = var.tenants
    topics    = var.topics
    windows   = var.windows
    workflow  = var.workflow
  }
}

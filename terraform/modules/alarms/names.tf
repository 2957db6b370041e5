module "names" {
  source = "../names"

  name  = var.name
  lanes = var.lanes
  # A part of the names of roles, of which there are none here.
  region = "none-1"
}

locals {
  _ledger    = var.ledger == null ? module.names.ledger : var.ledger.name
  _names     = module.names.alarms
  _functions = { for handler in var.handlers : handler => module.names.functions[handler] }
  _queues    = { for lane, names in module.names.lanes : lane => "${names.events}${var.fifo ? ".fifo" : ""}" }
  _topics    = [for topic in var.topics : topic.arn]
}

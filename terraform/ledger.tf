# The record of every object event.
module "ledger" {
  source = "./modules/ledger"

  name    = module.names.ledger
  kms_key = local._kms_key
  protect = module.input.protect
  tags    = local._tags
}

locals {
  # The own table stays if another one takes its place: its items can still be
  # asked for.
  _ledger = module.input.ledger.table == null ? module.ledger : {
    arn  = module.input.ledger.table.arn
    name = split("/", module.input.ledger.table.arn)[1]
  }
}

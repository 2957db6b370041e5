# The record of every object event.
module "ledger" {
  source = "./modules/ledger"

  name    = module.names.ledger
  kms_key = local._kms_key
  protect = module.input.protect
  tags    = local._tags
}

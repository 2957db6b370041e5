# A key of the owner's, if there is one.
locals {
  _kms_key = module.input.platform.kms_key
}

# It makes nothing: it gives the uses that a customer's key must allow, if there is one
# or not.
module "key_policy" {
  source = "./modules/key-policy"

  name                    = module.input.name
  appliers                = module.input.platform.appliers
  handlers                = module.input.functions
  home                    = local._home
  iam                     = module.input.platform.iam
  rules                   = local._rules
  topics                  = { for key, topic in local._topics : key => { arn = topic.arn } }
  trusted_organization_id = module.input.trusted_organization_id
  workflow                = module.input.workflow.state_machine == null

  buckets = {
    for key, bucket in module.input.buckets : key => { name = bucket.name, account_id = bucket.account_id }
    if anytrue([for source in bucket.sources : source.via == "sqs"])
  }
}

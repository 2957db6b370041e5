# The names of all resources, and the addresses that follow from names.
locals {
  # Partition, region and account, without a call: from the ARN of the resource
  # that exists first.
  _home = {
    partition  = split(":", module.dispatch.log_group_arn)[1]
    region     = split(":", module.dispatch.log_group_arn)[3]
    account_id = split(":", module.dispatch.log_group_arn)[4]
  }

  # The queues as functions and their roles call them. Not the modules' outputs:
  # with those a function would be made after the queues and not beside them.
  _queue_arns = join(":", [
    "arn", local._home.partition, "sqs", local._home.region,
    local._home.account_id, "",
  ])
  # URLs of one account and Region begin alike.
  _queue_urls = trimsuffix(
    module.outcomes.dead_letter_queue_url, module.outcomes.dead_letter_queue_name
  )
}

module "names" {
  source = "./modules/names"

  name             = module.input.name
  lanes            = keys(module.input.lanes)
  region           = local._home.region
  role_name_prefix = module.input.platform.iam.role_name_prefix
  sources          = keys(module.input.sources)
}

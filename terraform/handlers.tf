# The settings that all functions share.
locals {
  _artifact = { directory = module.input.handlers.directory, s3 = module.input.handlers.s3 }
  _iam = {
    path                 = module.input.platform.iam.path
    permissions_boundary = module.input.platform.iam.permissions_boundary
  }

  _tags = module.input.platform.tags

  _environment = {
    SPILLWAY_LANES = jsonencode([
      for lane in module.input.lane_order : merge(
        {
          name                  = lane
          queue_url             = local._lane_queues[lane].url
          dead_letter_queue_url = local._lane_queues[lane].dlq_url
          priority              = module.input.lanes[lane].priority
          min_share             = module.input.lanes[lane].min_share
        },
        # A release that knows no bound reads the rest.
        module.input.lanes[lane].max_concurrency == null ? {} : {
          max_concurrency = module.input.lanes[lane].max_concurrency
        },
      )
    ])
    # A part of every execution's name. A restored ledger does not know the latest
    # executions: they are found by their names.
    SPILLWAY_LEDGER_ARN   = module.ledger.arn
    SPILLWAY_LEDGER_TABLE = local._ledger.name
    SPILLWAY_PIPELINE     = module.input.name
    # With its release a function tells when it is another one.
    SPILLWAY_RELEASE = module.input.handlers.manifest.version
  }
}

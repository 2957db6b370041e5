# Missed events: rows that have not moved for long, objects whose event never
# came.
locals {
  # No try(): an unknown part of a value makes all of it unknown.
  _listed    = module.input.reconcile.list == null ? toset([]) : module.input.reconcile.list.buckets
  _inventory = module.input.reconcile.list == null ? {} : module.input.reconcile.list.inventories
  # Buckets with objects that are compared with the ledger.
  _compared = setunion(local._listed, keys(local._inventory))

  _compared_sources = {
    for key, source in module.input.sources : key => source if contains(local._compared, source.bucket)
  }

  # Per listed bucket the prefixes of its sources, without those that another
  # one covers.
  _source_prefixes = {
    for bucket in local._listed :
    bucket => distinct([for source in values(local._compared_sources) : source.prefix if source.bucket == bucket])
  }
  _list_prefixes = {
    for bucket, prefixes in local._source_prefixes : bucket => [
      for prefix in prefixes : prefix
      if !anytrue([for other in prefixes : other != prefix && startswith(prefix, other)])
    ]
  }

  _listings = flatten([
    for key, prefixes in local._list_prefixes : [
      for prefix in prefixes : { bucket = module.input.buckets[key].name, prefix = prefix }
    ]
  ])
  _scheduled = module.input.reconcile.list == null ? false : module.input.reconcile.list.scheduled

  _reconcile_rule = {
    arn = join(":", [
      "arn", local._home.partition, "events", local._home.region,
      local._home.account_id, "rule/${module.names.rules["reconcile"]}",
    ])
  }
  # A batch of 200 objects takes seconds; going over the rows stops 60 seconds
  # before its end and goes on in another invocation.
  _reconcile_timeout_seconds = 300
}

module "reconcile_function" {
  count  = module.input.reconcile.enabled ? 1 : 0
  source = "./modules/handler"

  name               = module.names.functions["reconcile"]
  role_name          = module.names.roles["reconcile"]
  handler            = "reconcile"
  architecture       = module.input.handlers.architecture
  artifact           = local._artifact
  code_signing       = module.input.platform.code_signing
  iam                = local._iam
  kms_key            = local._kms_key
  log_retention_days = module.input.platform.logs.retention_days
  manifest           = module.input.handlers.manifest
  vpc                = module.input.platform.vpc
  tags               = local._tags

  environment = merge(
    local._environment,
    {
      SPILLWAY_RECONCILE_MIN_AGE_SECONDS = module.input.reconcile.list == null ? 86400 : module.input.reconcile.list.min_age_seconds
      SPILLWAY_RETENTION_DAYS            = module.input.ledger.retention_days
      SPILLWAY_STALE_AFTER_SECONDS       = module.input.reconcile.stale_after_seconds
      SPILLWAY_SOURCES = jsonencode([
        for source in values(local._compared_sources) : {
          bucket         = module.input.buckets[source.bucket].name
          prefix         = source.prefix
          suffix         = source.suffix
          lane           = source.lane
          folder_markers = source.folder_markers
        }
      ])
    },
  )

  policy_statements = concat(
    [
      {
        sid       = "EventsQueues"
        actions   = ["sqs:SendMessage"]
        resources = [for lane in module.input.lane_order : local._lane_queues[lane].arn]
      },
      {
        sid = "Ledger"
        actions = [
          "dynamodb:BatchGetItem",
          "dynamodb:GetItem",
          "dynamodb:Query",
          "dynamodb:Scan",
          "dynamodb:UpdateItem",
        ]
        resources = [local._ledger.arn]
      },
      {
        sid       = "Slots"
        actions   = ["dynamodb:ConditionCheckItem", "dynamodb:PutItem"]
        resources = [local._ledger.arn]
        conditions = {
          "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["slots", "s/*"] }
        }
      },
    ],
    length(local._compared) == 0 ? [] : [
      {
        # A list does not say the version. Only metadata is asked for, but the
        # permission is the same.
        sid     = "Objects"
        actions = ["s3:GetObject"]
        resources = distinct([
          for source in values(local._compared_sources) :
          "arn:${local._home.partition}:s3:::${module.input.buckets[source.bucket].name}/${source.prefix}*"
        ])
      },
      {
        # Without it an object that is gone is "access denied"; a request for
        # one has no prefix to put a condition on.
        sid     = "Gone"
        actions = ["s3:ListBucket"]
        resources = [
          for key in sort(local._compared) : "arn:${local._home.partition}:s3:::${module.input.buckets[key].name}"
        ]
      },
    ],
  )

  settings = {
    memory_mb       = module.input.handlers.reconcile.memory_mb
    timeout_seconds = local._reconcile_timeout_seconds
    tracing         = module.input.platform.tracing
  }
}

module "reconcile" {
  count  = module.input.reconcile.enabled ? 1 : 0
  source = "./modules/reconcile"

  name               = module.names.state_machines["reconcile"]
  role_name          = module.names.roles["reconcile-map"]
  rule_role_name     = module.names.roles["reconcile-rule"]
  dead_letter_queue  = { arn = module.reconcile_failures[0].queue_arn }
  expression         = module.input.reconcile.schedule
  function           = { arn = module.reconcile_function[0].function_arn }
  iam                = local._iam
  inventories        = local._inventory
  kms_key            = local._kms_key
  ledger             = { arn = local._ledger.arn, name = local._ledger.name }
  log_retention_days = module.input.platform.logs.retention_days
  max_concurrency    = module.input.reconcile.max_concurrency
  tags               = local._tags
  tracing            = module.input.platform.tracing

  buckets = {
    for key, prefixes in local._list_prefixes :
    key => { name = module.input.buckets[key].name, prefixes = prefixes }
  }
  scheduled_list = local._scheduled ? local._listings : []
}

# Runs that EventBridge could not start. They say no more than "now", so the
# queue is not protected.
module "reconcile_failures" {
  count  = module.input.reconcile.enabled ? 1 : 0
  source = "./modules/failure-queue"

  name    = module.names.queues.reconcile_failures
  home    = local._home
  kms_key = local._kms_key
  protect = false
  rules   = { reconcile = local._reconcile_rule }
  tags    = local._tags
}

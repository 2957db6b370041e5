# The names of the pipelines' resources: modules/names makes them.
locals {
  _arn = {
    for service in ["cloudwatch", "dynamodb", "events", "lambda", "logs", "sns", "sqs", "states"] :
    service => join(":", ["arn", var.home.partition, service, var.home.region, var.home.account_id])
  }
  _iam = "arn:${var.home.partition}:iam::${var.home.account_id}"
  _s3  = "arn:${var.home.partition}:s3:::"

  _names = sort(var.pipelines)

  _alarms    = [for name in local._names : "${local._arn.cloudwatch}:alarm:${name}_*"]
  _functions = [for name in local._names : "${local._arn.lambda}:function:${name}_*"]
  # Mappings have ids and no names: their functions tell their pipeline.
  _mappings = ["${local._arn.lambda}:event-source-mapping:*"]
  _queues   = [for name in local._names : "${local._arn.sqs}:${name}_*"]
  _rules    = [for name in local._names : "${local._arn.events}:rule/${name}_*"]
  _tables   = [for name in local._names : "${local._arn.dynamodb}:table/${name}_*"]
  _topics   = [for name in local._names : "${local._arn.sns}:${name}_*"]
  _machines = [for name in local._names : "${local._arn.states}:stateMachine:${name}_*"]
  # A dashboard is the account's and not a Region's.
  _dashboards = [
    for name in local._names :
    "arn:${var.home.partition}:cloudwatch::${var.home.account_id}:dashboard/${name}_*"
  ]
  _log_groups = flatten([
    for name in local._names : [
      "${local._arn.logs}:log-group:/aws/lambda/${name}_*",
      "${local._arn.logs}:log-group:/aws/vendedlogs/states/${name}_*",
    ]
  ])
  _roles = [
    for name in local._names :
    "${local._iam}:role${var.pipeline_roles.path}${var.pipeline_roles.role_name_prefix}${name}_*"
  ]
  _buckets = [for name in sort(var.buckets) : "${local._s3}${name}"]
}

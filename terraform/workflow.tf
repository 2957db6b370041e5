# The state machine that processes the objects: one that is made, or one that exists.
locals {
  # The ARN that starts executions (an alias's, or the state machine's own) and
  # the ARN that owns them: the state machine's.
  _start_arn = (
    module.input.workflow.state_machine == null
    ? one(module.workflow[*].start_arn)
    : module.input.workflow.state_machine.arn
  )
  _state_machine_arn = (
    module.input.workflow.state_machine == null
    ? one(module.workflow[*].state_machine_arn)
    : join(":", slice(split(":", module.input.workflow.state_machine.arn), 0, 7))
  )
  _executions = "${replace(local._state_machine_arn, ":stateMachine:", ":execution:")}:*"
}

module "workflow" {
  count  = module.input.workflow.state_machine == null ? 1 : 0
  source = "./modules/workflow"

  name              = module.names.state_machines["workflow"]
  role_name         = module.names.roles["workflow"]
  alias             = module.input.workflow.alias
  definition        = module.input.workflow.definition
  iam               = local._iam
  kms_key           = local._kms_key
  policy_statements = module.input.workflow.policy_statements
  tags              = local._tags
  timeout_seconds   = module.input.workflow.timeout_seconds
  tracing           = module.input.platform.tracing

  logs = {
    include_execution_data = module.input.workflow.log_execution_data
    level                  = module.input.workflow.log_level
    retention_days         = module.input.platform.logs.retention_days
  }
}

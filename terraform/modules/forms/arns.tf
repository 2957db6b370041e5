# ARNs, as far as a mistake shows at plan. AWS knows the rest.
locals {
  _arns = {
    code_signing          = "^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:csc-[0-9a-f]+$"
    key                   = "^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$"
    policy                = "^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$"
    role_or_user          = "^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$"
    state_machine         = "${local._state_machines}[^:]+$"
    state_machine_or_part = "${local._state_machines}[^:]+(:[^:]+)?$"
    state_machine_version = "${local._state_machines}[^:]+:[0-9]+$"
    table                 = "^arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[0-9A-Za-z_.-]{3,255}$"
    topic                 = "${local._topics}$"
    topic_of_any_type     = "${local._topics}([.]fifo)?$"
  }
  _state_machines = "^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:"
  _topics         = "^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[0-9A-Za-z_-]+"
}

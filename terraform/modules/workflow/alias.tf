# The destination of starts: the newest version, or by weight it and a previous one.
locals {
  _routes = var.alias == null ? {} : {
    for arn, weight in {
      new      = var.alias.weight
      previous = 100 - var.alias.weight
    } : arn => weight if weight > 0
  }
}

resource "aws_sfn_alias" "this" {
  count = var.alias == null ? 0 : 1

  name = var.alias.name

  dynamic "routing_configuration" {
    for_each = local._routes

    content {
      state_machine_version_arn = (
        routing_configuration.key == "new"
        ? aws_sfn_state_machine.this.state_machine_version_arn
        : var.alias.previous_version_arn
      )
      weight = routing_configuration.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(local._routes) < 2 || var.alias.previous_version_arn != aws_sfn_state_machine.this.state_machine_version_arn
      error_message = "alias.previous_version_arn = ${coalesce(var.alias.previous_version_arn, "null")} is the newest version: the state machine has not changed since, and there is nothing to share between. Change the definition in the same apply, or leave previous_version_arn and weight out."
    }
  }
}

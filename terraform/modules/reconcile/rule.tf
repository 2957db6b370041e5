# The rule that starts a run on schedule, and its input.
resource "aws_cloudwatch_event_rule" "this" {
  name                = var.name
  description         = "Spillway: the runs of ${var.name}"
  schedule_expression = var.expression
  state               = var.enabled ? "ENABLED" : "DISABLED"
  tags                = var.tags
}

# EventBridge goes on trying for a day; an event without delivery then is kept.
resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
  target_id = "reconcile"
  arn       = aws_sfn_state_machine.this.arn
  role_arn  = aws_iam_role.rule.arn
  input     = jsonencode(length(var.scheduled_list) == 0 ? {} : { list = var.scheduled_list })

  dead_letter_config {
    arn = var.dead_letter_queue.arn
  }

  depends_on = [aws_iam_role_policy.rule]
}

resource "aws_iam_role" "rule" {
  name                 = var.rule_role_name
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_cloudwatch_event_rule.this.arn }
        StringEquals = { "aws:SourceAccount" = local._home.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "rule" {
  name = "start"
  role = aws_iam_role.rule.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Start"
      Effect   = "Allow"
      Action   = ["states:StartExecution"]
      Resource = [local._machine_arn]
    }]
  })
}

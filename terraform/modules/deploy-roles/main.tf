# Two roles, one that looks and one that changes, each for other runs of one
# repository.
locals {
  _issuer = split("oidc-provider/", var.oidc_provider.arn)[1]

  _subjects = {
    # An author of a pull request can do all that its run can do: reading, and no more.
    plan = [
      "repo:${var.repository}:pull_request",
      "repo:${var.repository}:ref:refs/heads/${var.branch}",
    ]
    apply = ["repo:${var.repository}:environment:${var.environment}"]
  }
  _policies = { read = local._read, write = local._write }
  _attached = {
    plan_read   = { role = "plan", policy = "read" }
    apply_read  = { role = "apply", policy = "read" }
    apply_write = { role = "apply", policy = "write" }
  }
}

resource "aws_iam_role" "this" {
  for_each = local._subjects

  name                 = "${var.name}-${each.key}"
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = var.tags
  # An apply with a canary goes on for as long as the canary is watched.
  max_session_duration = each.key == "apply" ? 7200 : 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = var.oidc_provider.arn }
      Condition = {
        StringEquals = {
          "${local._issuer}:aud" = "sts.amazonaws.com"
          "${local._issuer}:sub" = each.value
        }
      }
    }]
  })
}

resource "aws_iam_policy" "this" {
  for_each = local._policies

  name   = "${var.name}-${each.key}"
  path   = var.iam.path
  policy = each.value
  tags   = var.tags

  lifecycle {
    precondition {
      condition     = length(each.value) <= 6144
      error_message = "The policy ${var.name}-${each.key} would have ${length(each.value)} characters; IAM allows 6,144. Name fewer pipelines: one with a * stands for several, and a second pair of roles deploys others."
    }
  }
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local._attached

  role       = aws_iam_role.this[each.value.role].name
  policy_arn = aws_iam_policy.this[each.value.policy].arn
}

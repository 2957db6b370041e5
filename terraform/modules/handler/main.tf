locals {
  # The version of the agreement between this release's handlers and these modules: environment
  # variables, permissions, queues, table keys.
  _protocol = 2

  _build = try(
    var.manifest.handlers[var.handler][var.architecture],
    { file = "", sha256 = "", bytes = 0 },
  )

  _zip = var.artifact.directory == null ? null : "${var.artifact.directory}/${local._build.file}"

  _on_failure = (
    var.async_invoke == null ? [] :
    var.async_invoke.on_failure == null ? [] : [var.async_invoke.on_failure.arn]
  )

  # Known before the function is made.
  _function_arn = join(":", concat(
    slice(split(":", replace(aws_cloudwatch_log_group.this.arn, ":logs:", ":lambda:")), 0, 5),
    ["function", var.name],
  ))

  _network_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]

  # As Lambda counts it: names and values.
  _environment_bytes = sum(concat(
    [0], [for name, value in var.environment : length(name) + length(value)]
  ))

  _policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Logs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
        },
      ],
      [
        # X-Ray has no resources to name.
        for sid in var.settings.tracing ? ["Tracing"] : [] : {
          Sid      = sid
          Effect   = "Allow"
          Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
          Resource = ["*"]
        }
      ],
      [
        # Lambda makes the network interfaces with the function's own role; none
        # of these knows resources.
        for sid in var.vpc == null ? [] : ["Network"] : {
          Sid      = sid
          Effect   = "Allow"
          Action   = local._network_actions
          Resource = ["*"]
        }
      ],
      [
        # And the function's code has no use for them.
        for sid in var.vpc == null ? [] : ["NetworkByLambdaOnly"] : {
          Sid       = sid
          Effect    = "Deny"
          Action    = local._network_actions
          Resource  = ["*"]
          Condition = { ArnEquals = { "lambda:SourceFunctionArn" = [local._function_arn] } }
        }
      ],
      [
        # Lambda sends there with the function's own role.
        for destination in local._on_failure : {
          Sid      = "OnFailure"
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = [destination]
        }
      ],
      [
        for key in var.kms_key == null ? [] : [var.kms_key.arn] : {
          Sid      = "Key"
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource = [key]
        }
      ],
      [
        for statement in var.policy_statements : {
          for key, value in {
            Sid       = statement.sid
            Effect    = statement.effect
            Action    = statement.actions
            Resource  = statement.resources
            Condition = statement.conditions
          } : key => value if value != null
        }
      ],
    )
  })
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  kms_key_id        = var.kms_key == null ? null : var.kms_key.arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "this" {
  name                 = var.role_name
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = var.handler
  role   = aws_iam_role.this.name
  policy = local._policy

  lifecycle {
    precondition {
      condition     = length(local._policy) <= 10240
      error_message = "The policy of role ${var.role_name} would have ${length(local._policy)} characters; IAM allows 10,240 for all inline policies of a role. Name fewer resources in policy_statements."
    }
  }
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  description   = "Spillway ${var.handler} ${var.manifest.version}"

  architectures                  = [var.architecture]
  code_signing_config_arn        = var.code_signing == null ? null : var.code_signing.arn
  handler                        = "bootstrap"
  memory_size                    = var.settings.memory_mb
  package_type                   = "Zip"
  reserved_concurrent_executions = var.settings.reserved_concurrency
  role                           = aws_iam_role.this.arn
  runtime                        = "provided.al2023"
  source_code_hash               = local._build.sha256
  tags                           = var.tags
  timeout                        = var.settings.timeout_seconds

  # Without variables Lambda forgets the key, and every plan would set it again.
  kms_key_arn = var.kms_key == null || length(var.environment) == 0 ? null : var.kms_key.arn

  filename  = local._zip
  s3_bucket = var.artifact.s3 == null ? null : var.artifact.s3.bucket
  s3_key    = var.artifact.s3 == null ? null : "${var.artifact.s3.prefix}${local._build.file}"

  environment {
    variables = var.environment
  }

  logging_config {
    application_log_level = "INFO"
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    system_log_level      = "WARN"
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      security_group_ids = vpc_config.value.security_group_ids
      subnet_ids         = vpc_config.value.subnet_ids
    }
  }

  tracing_config {
    mode = var.settings.tracing ? "Active" : "PassThrough"
  }

  lifecycle {
    precondition {
      condition     = can(var.manifest.handlers[var.handler][var.architecture])
      error_message = <<-EOT
        The manifest of version ${var.manifest.version} has no ${var.handler} for ${var.architecture}; it has ${join(", ", flatten([for handler, builds in var.manifest.handlers : [for architecture in keys(builds) : "${handler} for ${architecture}"]]))}.
        Build it (scripts/build --arch ${var.architecture}), or set another architecture.
      EOT
    }
    precondition {
      condition     = local._zip == null ? true : local._build.file == "" || fileexists(local._zip)
      error_message = <<-EOT
        There is no ${coalesce(local._zip, "zip")}, which the manifest of version ${var.manifest.version} names for ${var.handler}.
        Build the handlers (scripts/build), or give the directory in which handlers.json and the zips are.
      EOT
    }
    precondition {
      condition     = try(fileexists(local._zip), false) ? filebase64sha256(local._zip) == local._build.sha256 : true
      error_message = <<-EOT
        ${coalesce(local._zip, "The zip")} is not the one that the manifest of version ${var.manifest.version} names for ${var.handler}: its SHA-256 is another.
        Build the handlers again (scripts/build), or take zips and handlers.json of the same build.
      EOT
    }
    precondition {
      condition     = var.manifest.protocol == local._protocol
      error_message = <<-EOT
        The handlers of version ${var.manifest.version} speak protocol ${var.manifest.protocol}, and these modules speak protocol ${local._protocol}.
        Take handlers and modules of the same release.
      EOT
    }
    precondition {
      condition     = local._environment_bytes <= 4096
      error_message = <<-EOT
        The environment of function ${var.name} would have ${local._environment_bytes} bytes; Lambda allows 4,096.
        Most is in ${join(", ", [for name, value in var.environment : "${name} (${length(value)})" if length(value) > 512])}. Configure fewer or shorter ones, or spread them over several pipelines.
      EOT
    }
  }

  # The first invocation must find its permissions, and a log group with a
  # retention and not one that Lambda made.
  depends_on = [aws_iam_role_policy.this, var.after]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.async_invoke == null ? 0 : 1

  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = var.async_invoke.maximum_event_age_seconds
  maximum_retry_attempts       = var.async_invoke.maximum_retry_attempts

  dynamic "destination_config" {
    for_each = local._on_failure

    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }

  # Lambda checks that the role has the permission to send there.
  depends_on = [aws_iam_role_policy.this]
}

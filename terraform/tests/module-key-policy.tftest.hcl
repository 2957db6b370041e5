# modules/key-policy on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  home = { partition = "aws", region = "eu-central-1", account_id = "111122223333" }
  name = "reports"
}

run "key_policy" {
  command = plan

  module {
    source = "./modules/key-policy"
  }

  variables {
    name = "device-status"
    buckets = {
      home = { name = "bucket-a" }
      away = { name = "bucket-b", account_id = "444455556666" }
    }
    iam                     = { path = "/pipelines/", role_name_prefix = "team_" }
    topics                  = { fanout = { arn = "arn:aws:sns:eu-central-1:777788889999:fanout" } }
    trusted_organization_id = "o-abcdefghij"
    workflow                = false
  }

  assert {
    condition = jsonencode([for s in output.statements : { Sid = s.Sid, Condition = s.Condition }]) == jsonencode([
      {
        Sid = "DeviceStatusS3"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::bucket-a"] }
          StringEquals = { "aws:SourceAccount" = ["111122223333"] }
        }
      },
      {
        Sid = "DeviceStatusS3OfOrganization"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::bucket-b"] }
          StringEquals = { "aws:SourceOrgID" = ["o-abcdefghij"] }
        }
      },
      {
        Sid       = "DeviceStatusEventBridge"
        Condition = { ArnEquals = { "aws:SourceArn" = ["arn:aws:events:eu-central-1:111122223333:rule/device-status_outcomes"] } }
      },
      {
        Sid       = "DeviceStatusSns"
        Condition = { ArnEquals = { "aws:SourceArn" = ["arn:aws:sns:eu-central-1:777788889999:fanout"] } }
      },
      {
        Sid = "DeviceStatusLogs"
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = [
          "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/device-status_dispatch",
          "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/device-status_settle",
        ] } }
      },
      {
        Sid = "DeviceStatusRoles"
        Condition = { ArnEquals = { "aws:PrincipalArn" = [
          "arn:aws:iam::111122223333:role/pipelines/team_device-status_dispatch_eu-central-1",
          "arn:aws:iam::111122223333:role/pipelines/team_device-status_settle_eu-central-1",
        ] } }
      },
    ])
    error_message = "Each user of the key is named: ${jsonencode(output.statements)}"
  }
}

run "key_policy_with_a_workflow" {
  command = plan

  module {
    source = "./modules/key-policy"
  }

  variables {
    handlers = ["dispatch", "ingest", "reconcile", "settle"]
  }

  assert {
    condition     = [for s in output.statements : s.Sid] == ["ReportsEventBridge", "ReportsLogs", "ReportsLogDelivery", "ReportsRoles"]
    error_message = "Log delivery reads Step Functions' logs: ${jsonencode(output.statements)}"
  }
  assert {
    condition     = strcontains(jsonencode(output.statements), "log-group:/aws/vendedlogs/states/reports_workflow") && strcontains(jsonencode(output.statements), "role/reports_workflow_eu-central-1") && strcontains(jsonencode(output.statements), "role/reports_ingest_eu-central-1")
    error_message = "The workflow and ingest are in it: ${jsonencode(output.statements)}"
  }
  assert {
    condition     = alltrue([for name in ["rule/reports_reconcile", "log-group:/aws/vendedlogs/states/reports_reconcile", "role/reports_reconcile_eu-central-1", "role/reports_reconcile-map_eu-central-1"] : strcontains(jsonencode(output.statements), "${name}\"")])
    error_message = "reconcile's rule, state machine and function are in it: ${jsonencode(output.statements)}"
  }
}

run "key_policy_with_appliers" {
  command = plan

  module {
    source = "./modules/key-policy"
  }

  variables {
    appliers = [
      "arn:aws:iam::444455556666:user/ops/ann",
      "arn:aws:iam::111122223333:role/deploy",
      "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Deploy_*",
    ]
  }

  assert {
    condition = jsonencode([for s in output.statements : s if startswith(s.Sid, "ReportsAppliers")]) == jsonencode([
      for s in [
        {
          Sid       = "ReportsAppliers"
          Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
          services  = ["dynamodb.eu-central-1.*", "lambda.eu-central-1.*", "states.eu-central-1.*"]
          condition = {}
        },
        {
          Sid       = "ReportsAppliersGrants"
          Action    = ["kms:CreateGrant"]
          services  = ["dynamodb.eu-central-1.*", "lambda.eu-central-1.*"]
          condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
        },
        ] : {
        Sid       = s.Sid
        Effect    = "Allow"
        Principal = { AWS = ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"] }
        Action    = s.Action
        Resource  = "*"
        Condition = merge(s.condition, {
          ArnLike = { "aws:PrincipalArn" = [
            "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Deploy_*",
            "arn:aws:iam::111122223333:role/deploy",
            "arn:aws:iam::444455556666:user/ops/ann",
          ] }
          StringLike = { "kms:ViaService" = s.services }
        })
      }
    ])
    error_message = "The role that applies may use the key through the services that ask for it: ${jsonencode(output.statements)}"
  }
}

run "key_policy_out_of_range" {
  command = plan

  module {
    source = "./modules/key-policy"
  }

  variables {
    name     = "Reports"
    appliers = ["arn:aws:sts::111122223333:assumed-role/deploy/ann"]
    handlers = ["dispatch", "sweep"]
    iam      = { path = "pipelines" }
  }

  expect_failures = [var.appliers, var.handlers, var.iam, var.name]
}

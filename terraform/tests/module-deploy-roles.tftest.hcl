# modules/deploy-roles on its own: the roles' trust, their permissions, and the module's refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  home                 = { partition = "aws", region = "eu-central-1", account_id = "111122223333" }
  oidc_provider        = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  permissions_boundary = { arn = "arn:aws:iam::111122223333:policy/boundary" }
  pipelines            = ["reports"]
  repository           = "my-organisation/pipelines"
}

run "deploy_roles_trust_runs_of_one_repository" {
  command = plan

  module {
    source = "./modules/deploy-roles"
  }

  assert {
    condition = jsondecode(aws_iam_role.this["apply"].assume_role_policy).Statement[0].Condition.StringEquals == {
      "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
      "token.actions.githubusercontent.com:sub" = ["repo:my-organisation/pipelines:environment:production"]
    }
    error_message = "Only a job of the environment applies: ${aws_iam_role.this["apply"].assume_role_policy}"
  }
  assert {
    condition = jsondecode(aws_iam_role.this["plan"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == [
      "repo:my-organisation/pipelines:pull_request",
      "repo:my-organisation/pipelines:ref:refs/heads/main",
    ]
    error_message = "Pull requests and the branch plan: ${aws_iam_role.this["plan"].assume_role_policy}"
  }
}

run "deploy_roles_look_and_change" {
  command = plan

  module {
    source = "./modules/deploy-roles"
  }

  assert {
    condition = alltrue([
      for action in flatten([for s in jsondecode(output.read_policy_json).Statement : s.Action]) :
      can(regex("^[a-z0-9]+:(Describe|Get|List|Validate)", action))
    ])
    error_message = "The role that plans only looks: ${output.read_policy_json}"
  }
  assert {
    condition     = !strcontains(output.read_policy_json, "kms:") && !strcontains(output.read_policy_json, "s3:") && !strcontains(output.write_policy_json, "kms:")
    error_message = "Without a key, buckets and state there is none of them: ${output.read_policy_json}"
  }
  assert {
    condition = alltrue([
      for s in jsondecode(output.write_policy_json).Statement : !contains(flatten([s.Resource]), "*")
      if !contains(["Networks", "Mappings"], s.Sid)
    ])
    error_message = "Each statement that allows a change names the pipelines' resources: ${output.write_policy_json}"
  }
  assert {
    condition = alltrue([
      for s in jsondecode(output.write_policy_json).Statement : s.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::111122223333:policy/boundary"
      if contains(s.Action, "iam:CreateRole") || contains(s.Action, "iam:PutRolePolicy")
    ])
    error_message = "No role is made without the boundary: ${output.write_policy_json}"
  }
  assert {
    condition     = !strcontains(output.write_policy_json, "iam:DeleteRolePermissionsBoundary") && !strcontains(output.write_policy_json, "iam:AttachRolePolicy")
    error_message = "A role keeps its boundary, and gets no policy from elsewhere: ${output.write_policy_json}"
  }
  assert {
    condition = alltrue(flatten([
      for s in jsondecode(output.write_policy_json).Statement :
      [for arn in flatten([s.Resource]) : arn == "arn:aws:iam::111122223333:role/reports_*"]
      if anytrue([for action in s.Action : startswith(action, "iam:")])
    ]))
    error_message = "It changes the pipelines' roles, and not its own: ${output.write_policy_json}"
  }
}

run "deploy_roles_with_key_buckets_and_state" {
  command = plan

  module {
    source = "./modules/deploy-roles"
  }

  variables {
    buckets = ["reports-uploads-*"]
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
    state   = { bucket = "states", key = "reports/*" }
    policy_statements = {
      read  = [{ actions = ["sns:GetSubscriptionAttributes"], resources = ["arn:aws:sns:eu-central-1:111122223333:theirs"] }]
      write = [{ actions = ["sns:Subscribe"], resources = ["arn:aws:sns:eu-central-1:111122223333:theirs"] }]
    }
  }

  assert {
    condition     = { for s in jsondecode(output.read_policy_json).Statement : s.Sid => s.Action }["Key"] == ["kms:Decrypt", "kms:DescribeKey"]
    error_message = "A refresh reads data that the key has encrypted: ${output.read_policy_json}"
  }
  assert {
    condition     = { for s in jsondecode(output.read_policy_json).Statement : s.Sid => s.Action }["State"] == ["s3:GetObject"]
    error_message = "A plan reads the state, and takes no lock: ${output.read_policy_json}"
  }
  assert {
    condition     = { for s in jsondecode(output.write_policy_json).Statement : s.Sid => s.Resource }["State"] == ["arn:aws:s3:::states/reports/*", "arn:aws:s3:::states/reports/*.tflock"]
    error_message = "An apply writes the state and its lock: ${output.write_policy_json}"
  }
  assert {
    condition     = { for s in jsondecode(output.write_policy_json).Statement : s.Sid => s.Action }["Other0"] == ["sns:Subscribe"]
    error_message = "The other statements: ${output.write_policy_json}"
  }
}

run "deploy_roles_of_a_repository_with_a_star" {
  command = plan

  module {
    source = "./modules/deploy-roles"
  }

  variables {
    repository = "my-organisation/*"
  }

  expect_failures = [var.repository]
}

run "deploy_roles_named_as_a_pipelines_role" {
  command = plan

  module {
    source = "./modules/deploy-roles"
  }

  variables {
    name = "reports_deploy"
  }

  expect_failures = [var.name]
}

run "deploy_roles_of_every_pipeline" {
  command = plan

  module {
    source = "./modules/deploy-roles"
  }

  variables {
    pipelines = ["*"]
  }

  expect_failures = [var.pipelines]
}

run "deploy_roles_of_too_many_pipelines" {
  command = plan

  module {
    source = "./modules/deploy-roles"
  }

  variables {
    pipelines = [for i in range(8) : "pipeline-with-a-long-name-${i}"]
  }

  expect_failures = [aws_iam_policy.this]
}

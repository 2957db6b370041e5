# modules/guard on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  names = { default = "reports_kept-until-protect-is-false_events_default" }
}

run "guard" {
  command = plan

  module {
    source = "./modules/guard"
  }

  assert {
    condition     = [for s in jsondecode(aws_sns_topic.this["default"].policy).Statement : "${s.Effect} ${s.Principal} ${join(" ", s.Action)}"] == ["Deny * SNS:Publish SNS:Subscribe", "Deny * SNS:DeleteTopic"]
    error_message = "Nobody deletes the topic, and nobody uses it: ${aws_sns_topic.this["default"].policy}"
  }
}

run "guard_that_is_off" {
  command = plan

  module {
    source = "./modules/guard"
  }

  variables {
    protect = false
  }

  assert {
    condition     = [for s in jsondecode(aws_sns_topic.this["default"].policy).Statement : s.Sid] == ["NoMessages"]
    error_message = "The topic can be deleted: ${aws_sns_topic.this["default"].policy}"
  }
}

run "guard_with_a_name_that_is_none" {
  command = plan

  module {
    source = "./modules/guard"
  }

  variables {
    names = { default = "set protect = false" }
  }

  expect_failures = [var.names]
}

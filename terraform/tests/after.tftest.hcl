# From one state to the next: the changes of a root that waits for something else.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "first" {
  module {
    source = "./tests/after"
  }

  variables {
    release = "one"
  }
}

# A role whose name were known only after the apply would be replaced.
run "what_the_module_waits_for_changes_and_no_role_is_replaced" {
  command = plan

  module {
    source = "./tests/after"
  }

  variables {
    release = "two"
  }

  assert {
    condition = {
      for name, arn in output.spillway : name => arn
      if endswith(name, "_role_name") || endswith(name, "_role_arn") || endswith(name, "_function_name")
      } == {
      for name, arn in run.first.spillway : name => arn
      if endswith(name, "_role_name") || endswith(name, "_role_arn") || endswith(name, "_function_name")
    }
    error_message = "Roles and functions stay as they are."
  }
}

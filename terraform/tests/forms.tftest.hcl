# The forms that several modules check: accepted texts, and refused ones.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name     = "reports"
  function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports-dispatch" }
}

run "schedules" {
  command = plan

  module {
    source = "./modules/forms"
  }

  assert {
    condition = [
      for expression in [
        "rate(1 minute)",
        "rate(1 hour)",
        "rate(1 day)",
        "rate(90 minutes)",
        "rate(12 hours)",
        "rate(365 days)",
        "cron(0 10 * * ? *)",
        "cron(0/15 * * * ? *)",
        "cron(0 18 ? * MON-FRI *)",
        "cron(0/30 20-2 ? * MON-FRI *)",
        "cron(15 10 ? * 6L 2019-2022)",
        "cron(0 9 ? * 2#1 *)",
        "cron(0 9 L * ? *)",
        "cron(0 9 3W * ? *)",
        "cron(59 23 31 12 ? 2199)",
        "cron(5,35 14 1-15 JAN,FEB-MAR ? *)",
      ] : expression if !can(regex(output.schedule, expression))
    ] == []
    error_message = "EventBridge takes every one of these."
  }
  assert {
    condition = {
      for mistake, expression in {
        minute_60                  = "cron(60 * * * ? *)"
        hour_24                    = "cron(0 24 * * ? *)"
        date_32                    = "cron(0 0 32 * ? *)"
        date_0                     = "cron(0 0 0 * ? *)"
        month_13                   = "cron(0 0 1 13 ? *)"
        month_in_full              = "cron(0 0 1 JANUARY ? *)"
        day_8                      = "cron(0 0 ? * 8 *)"
        day_0                      = "cron(0 0 ? * 0 *)"
        day_in_two_letters         = "cron(0 0 ? * MO *)"
        year_1969                  = "cron(0 0 1 1 ? 1969)"
        year_2200                  = "cron(0 0 1 1 ? 2200)"
        two_question_marks         = "cron(0 0 ? * ? *)"
        no_question_mark           = "cron(0 0 1 * MON *)"
        question_mark_for_the_hour = "cron(0 ? 1 * ? *)"
        sixth_week                 = "cron(0 0 ? * 2#6 *)"
        two_of_a_month             = "cron(0 0 ? * 2#1,3#2 *)"
        last_hour                  = "cron(0 L * * ? *)"
        seven_fields               = "cron(0 0 10 * * ? *)"
        step_of_nothing            = "cron(0/0 * * * ? *)"
        a_list_with_a_gap          = "cron(0,,5 * * * ? *)"
        plural_of_one              = "rate(1 hours)"
        singular_of_five           = "rate(5 hour)"
        half_a_minute              = "rate(0.5 minutes)"
        weeks                      = "rate(1 week)"
        a_space_too_much           = "rate(5  minutes)"
        at_once                    = "at(2026-12-24T00:00:00)"
      } : mistake => expression if can(regex(output.schedule, expression))
    } == {}
    error_message = "EventBridge takes none of these."
  }
}

run "arns" {
  command = plan

  module {
    source = "./modules/forms"
  }

  assert {
    condition = [
      for form, arns in {
        key                   = ["arn:aws:kms:eu-central-1:111122223333:key/k1", "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1"]
        policy                = ["arn:aws:iam::111122223333:policy/boundary", "arn:aws:iam::aws:policy/ReadOnlyAccess"]
        role_or_user          = ["arn:aws:iam::111122223333:role/deploy", "arn:aws:iam::111122223333:user/a/*"]
        state_machine         = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports"]
        state_machine_or_part = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports", "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:live"]
        state_machine_version = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports:7"]
        topic                 = ["arn:aws:sns:eu-central-1:111122223333:fanout"]
        topic_of_any_type     = ["arn:aws:sns:eu-central-1:111122223333:fanout", "arn:aws:sns:eu-central-1:111122223333:fanout.fifo"]
      } : form if !alltrue([for arn in arns : can(regex(output.arns[form], arn))])
    ] == []
    error_message = "These are ARNs of the things that they should name."
  }
  assert {
    condition = [
      for form, arns in {
        key                   = ["arn:aws:kms:eu-central-1:111122223333:alias/aws/sqs", "k1", "arn:aws:kms:eu-central-1:11112222333:key/k1"]
        policy                = ["arn:aws:iam::111122223333:role/deploy", "boundary"]
        role_or_user          = ["arn:aws:sts::111122223333:assumed-role/deploy/ann", "deploy"]
        state_machine         = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports:live", "reports"]
        state_machine_or_part = ["arn:aws:states:eu-central-1:111122223333:execution:reports:one", "reports"]
        state_machine_version = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports", "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:live"]
        topic                 = ["arn:aws:sns:eu-central-1:111122223333:fanout.fifo", "fanout"]
        topic_of_any_type     = ["arn:aws:sqs:eu-central-1:111122223333:fanout", "fanout"]
      } : form if anytrue([for arn in arns : can(regex(output.arns[form], arn))])
    ] == []
    error_message = "These are no ARNs of the things that they should name."
  }
}

run "a_module_takes_a_schedule" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0/5 8-17 ? * MON-FRI *)"
  }
}

run "a_module_refuses_a_schedule" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "every day"
  }

  expect_failures = [var.expression]
}

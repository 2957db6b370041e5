# The schedules that EventBridge takes, and those it would refuse.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name     = "reports"
  function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports-dispatch" }
}

run "good_0" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(1 minute)"
  }
}

run "good_1" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(1 hour)"
  }
}

run "good_2" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(1 day)"
  }
}

run "good_3" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(90 minutes)"
  }
}

run "good_4" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(12 hours)"
  }
}

run "good_5" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(365 days)"
  }
}

run "good_6" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 10 * * ? *)"
  }
}

run "good_7" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0/15 * * * ? *)"
  }
}

run "good_8" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 18 ? * MON-FRI *)"
  }
}

run "good_9" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0/30 20-2 ? * MON-FRI *)"
  }
}

run "good_10" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(15 10 ? * 6L 2019-2022)"
  }
}

run "good_11" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 9 ? * 2#1 *)"
  }
}

run "good_12" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 9 L * ? *)"
  }
}

run "good_13" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 9 3W * ? *)"
  }
}

run "good_14" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(59 23 31 12 ? 2199)"
  }
}

run "good_15" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(5,35 14 1-15 JAN,FEB-MAR ? *)"
  }
}

run "bad_minute_60" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(60 * * * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_hour_24" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 24 * * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_date_32" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 32 * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_date_0" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 0 * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_month_13" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 1 13 ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_month_in_full" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 1 JANUARY ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_day_8" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 ? * 8 *)"
  }

  expect_failures = [var.expression]
}

run "bad_day_0" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 ? * 0 *)"
  }

  expect_failures = [var.expression]
}

run "bad_day_in_two_letters" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 ? * MO *)"
  }

  expect_failures = [var.expression]
}

run "bad_year_1969" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 1 1 ? 1969)"
  }

  expect_failures = [var.expression]
}

run "bad_year_2200" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 1 1 ? 2200)"
  }

  expect_failures = [var.expression]
}

run "bad_two_question_marks" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 ? * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_no_question_mark" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 1 * MON *)"
  }

  expect_failures = [var.expression]
}

run "bad_question_mark_for_the_hour" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 ? 1 * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_sixth_week" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 ? * 2#6 *)"
  }

  expect_failures = [var.expression]
}

run "bad_two_of_a_month" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 ? * 2#1,3#2 *)"
  }

  expect_failures = [var.expression]
}

run "bad_last_hour" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 L * * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_seven_fields" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0 0 10 * * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_step_of_nothing" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0/0 * * * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_a_list_with_a_gap" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "cron(0,,5 * * * ? *)"
  }

  expect_failures = [var.expression]
}

run "bad_plural_of_one" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(1 hours)"
  }

  expect_failures = [var.expression]
}

run "bad_singular_of_five" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(5 hour)"
  }

  expect_failures = [var.expression]
}

run "bad_half_a_minute" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(0.5 minutes)"
  }

  expect_failures = [var.expression]
}

run "bad_weeks" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(1 week)"
  }

  expect_failures = [var.expression]
}

run "bad_a_space_too_much" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(5  minutes)"
  }

  expect_failures = [var.expression]
}

run "bad_at_once" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "at(2026-12-24T00:00:00)"
  }

  expect_failures = [var.expression]
}

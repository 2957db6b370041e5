# The composition's refusals about its alarms: one run per rule.

run "alarms_without_a_topic" {
  command = plan

  variables {
    alarms = { topics = [] }
  }

  expect_failures = [var.alarms]
}

run "alarms_that_tell_no_topic" {
  command = plan

  variables {
    alarms = { topics = [{ arn = "oncall@example.com" }] }
  }

  expect_failures = [var.alarms]
}

run "alarms_out_of_range" {
  command = plan

  variables {
    alarms = {
      topics               = [{ arn = "arn:aws:sns:eu-central-1:111122223333:oncall" }]
      drain_seconds        = 1
      failure_percent      = 101
      no_tick_seconds      = 60
      oldest_event_seconds = 1
      oldest_slot_seconds  = 1
      override_hours       = 0
    }
  }

  expect_failures = [var.alarms]
}

run "alarms_on_ticks_that_are_rarer" {
  command = plan

  variables {
    alarms   = { topics = [{ arn = "arn:aws:sns:eu-central-1:111122223333:oncall" }], no_tick_seconds = 600 }
    schedule = { expression = "rate(10 minutes)" }
  }

  expect_failures = [var.alarms]
}

# modules/dashboard on its own.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name          = "reports"
  region        = "eu-central-1"
  state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports_workflow" }
}

run "dashboard" {
  module {
    source = "./modules/dashboard"
  }

  assert {
    condition     = output.name == "reports_dashboard_eu-central-1" && strcontains(output.url, "region=eu-central-1#dashboards:name=reports_dashboard_eu-central-1")
    error_message = "The Region is part of the name."
  }
  assert {
    condition = [
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.title if widget.type == "metric"
      ] == [
      "Waiting", "Running, against the limit", "Started, ended, retried, dead-lettered",
      "How long it takes", "Calls and units", "Whether the functions are well",
    ]
    error_message = "From top to bottom, as a person asks."
  }
  assert {
    condition = alltrue([
      for number, widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets :
      widget.type == "text" ? widget.x + widget.width <= 24 : widget.x == 6 && widget.width == 18
    ])
    error_message = "A text is beside each graph, within the 24 columns of a screen."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "There are no alarms")
    error_message = "Without alarms it says how to have some."
  }
}

run "dashboard_with_alarms_and_lanes" {
  module {
    source = "./modules/dashboard"
  }

  variables {
    alarm_arns = ["arn:aws:cloudwatch:eu-central-1:111122223333:alarm:reports_alarm_no-tick"]
    fifo       = true
    lanes      = ["bulk", "urgent"]
  }

  assert {
    condition = [
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.alarms if widget.type == "alarm"
    ] == [["arn:aws:cloudwatch:eu-central-1:111122223333:alarm:reports_alarm_no-tick"]]
    error_message = "The alarms come first."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "reports_events_bulk.fifo") && strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "reports_events_urgent.fifo")
    error_message = "Each lane has its line."
  }
}

run "dashboard_of_no_region" {
  command = plan

  module {
    source = "./modules/dashboard"
  }

  variables {
    region = "Frankfurt"
  }

  expect_failures = [var.region]
}

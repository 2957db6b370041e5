# Until when the pipeline is new: it need not have ticked yet.
resource "terraform_data" "applied" {
  count = var.since == null ? 1 : 0

  input = timestamp()

  lifecycle {
    # The first apply counts.
    ignore_changes = [input]
  }
}

locals {
  # Beyond no_tick_seconds: the rest of the apply, the rule's first time, and the
  # way of a log line to a metric.
  _new_seconds = 900

  _since = one(concat(terraform_data.applied[*].output, var.since == null ? [] : [var.since]))

  # Terraform has no function for the seconds since 1970. Years begin in March here,
  # so that a leap day is the last of its year.
  _month  = tonumber(formatdate("M", local._since))
  _year   = tonumber(formatdate("YYYY", local._since)) - (local._month <= 2 ? 1 : 0)
  _months = (local._month + 9) % 12
  _days = (
    365 * local._year + floor(local._year / 4) - floor(local._year / 100) + floor(local._year / 400)
    + floor((153 * local._months + 2) / 5) + tonumber(formatdate("D", local._since)) - 1
    -719468
  )
  _quiet_until = (
    86400 * local._days + 3600 * tonumber(formatdate("h", local._since))
    + 60 * tonumber(formatdate("m", local._since)) + tonumber(formatdate("s", local._since))
    + local._new_seconds + coalesce(local._no_tick_seconds, 0)
  )
}

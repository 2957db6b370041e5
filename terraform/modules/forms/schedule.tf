# The schedules that EventBridge rules take, as a regular expression.
locals {
  _cron_values = {
    minutes = "(?:[0-5]?[0-9])"
    hours   = "(?:[01]?[0-9]|2[0-3])"
    dates   = "(?:0?[1-9]|[12][0-9]|3[01])"
    months  = "(?:0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
    days    = "(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"
    years   = "(?:19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})"
  }
  # One element of a list: all, a value or a range, and a step.
  _cron_elements = merge(
    {
      for field, value in local._cron_values :
      field => "(?:[*]|${value}(?:-${value})?)(?:/[1-9][0-9]{0,2})?"
    },
    {
      dates = "(?:(?:[*]|${local._cron_values.dates}(?:-${local._cron_values.dates})?)(?:/[1-9][0-9]{0,2})?|L|LW|${local._cron_values.dates}W)"
      days  = "(?:(?:[*]|${local._cron_values.days}(?:-${local._cron_values.days})?)(?:/[1-9][0-9]{0,2})?|${local._cron_values.days}?L)"
    },
  )
  _cron_lists = {
    for field, element in local._cron_elements :
    field => "${element}(?:,${element})*"
  }
  # ? stands for one of the two days, and # is alone in its field.
  _cron_days = join("|", [
    "${local._cron_lists.dates} ${local._cron_lists.months} [?]",
    "[?] ${local._cron_lists.months} (?:${local._cron_lists.days}|${local._cron_values.days}#[1-5])",
  ])

  _schedule = join("|", [
    "^rate\\(1 (?:minute|hour|day)\\)$",
    "^rate\\((?:[2-9]|[1-9][0-9]+) (?:minutes|hours|days)\\)$",
    "^cron\\(${local._cron_lists.minutes} ${local._cron_lists.hours} (?:${local._cron_days}) ${local._cron_lists.years}\\)$",
  ])

  _schedule_remedy = join(" ", [
    "Write rate(1 minute), rate(5 minutes), rate(2 hours), rate(1 day),",
    "or cron(minutes hours day-of-month month day-of-week year).",
    "The fields take 0-59, 0-23, 1-31, 1-12 or JAN-DEC, 1-7 or SUN-SAT, and 1970-2199.",
    "Exactly one of the two days is ?, for instance cron(0/5 8-17 ? * MON-FRI *).",
  ])
}

# Every name but the crawler's own and its database's: NAME_KIND or NAME_KIND_PART. No part has a _,
# and no pipeline has these kinds (see modules/names).
locals {
  _queue_names = {
    this   = "${var.name}_crawl-events"
    dlq    = "${var.name}_crawl-events-dlq"
    failed = "${var.name}_failed-crawls"
  }
  _rule_name  = "${var.name}_failed-crawls"
  _guard_name = "${var.name}_kept-until-protect-is-false_crawl-events"
  _alarm_names = {
    for alarm in ["dead-letters", "failed-crawls", "oldest-event"] :
    alarm => "${var.name}_crawl-alarm_${alarm}"
  }

  # A full name ends with _ and the Region, a short one with a dot and 16
  # hexadecimal digits: none is both.
  _full_role_name = "${var.iam.role_name_prefix}${var.name}_crawler_${var.home.region}"
  _role_name = (
    length(local._full_role_name) <= 64
    ? local._full_role_name
    : "${substr(local._full_role_name, 0, 47)}.${substr(sha256(local._full_role_name), 0, 16)}"
  )
}

# -----------------------------------------------------------------------------
# When and how fast; all optional
# -----------------------------------------------------------------------------

variable "limits" {
  description = "Bounds beyond the pace, against surprises on the bill."
  type = object({
    # Most starts in a day (UTC); null: no such bound. Once it is reached,
    # events wait for the next day.
    starts_per_day = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.limits.starts_per_day == null ? true : var.limits.starts_per_day >= 1 && floor(var.limits.starts_per_day) == var.limits.starts_per_day
    error_message = "limits.starts_per_day = ${coalesce(var.limits.starts_per_day, 0)} is no number of starts. Give a whole number, 1 or more, or leave it out for no such bound."
  }
}

variable "pace" {
  description = "The numbers that bound a tick; the ledger's control item can override them at run time."
  type = object({
    # Most executions running at once, up to 10,000; up to 100,000 with 16
    # slot_partitions.
    max_concurrency = number
    # Starts per second over time, and at once after a quiet time. Null: 25 and
    # 50, or the numbers of account_share.
    starts_per_second = optional(number)
    burst             = optional(number)
    # If pipelines share an account's quota of StartExecution: the part that this one takes, from 0
    # to 1, and the quota. The quota is in starts a second, and at once. Nothing adds up the shares
    # of pipelines in other configurations.
    account_share = optional(object({
      share            = number
      quota_per_second = number
      quota_burst      = number
    }))
    # Starts per tick; null: a tick starts as many as it can.
    starts_per_tick = optional(number)
    # Partitions of the ledger that the slots of running executions are spread
    # over: 1, for up to 400 starts_per_second, or 16, for up to 4,000. Set it
    # when every function is of this release. For a minute after a change no
    # more than 200 executions start a second.
    slot_partitions = optional(number, 1)
    # Slows starts down, or stops them, when executions say that their target
    # takes no more; null: the pace does not adapt.
    adapt = optional(object({
      # Errors by which executions say so, as Step Functions names them; * stands
      # for any text: "*Throttl*", "States.Timeout".
      errors = list(string)
      # The share of executions that can end with such an error before starts are
      # slowed down.
      tolerated_share = optional(number, 0.05)
      # The slowest that starts become.
      slowest_starts_per_second = optional(number, 0.1)
      # So many ends of an event with such an error do not count as attempts.
      uncounted_max = optional(number, 20)
    }))
  })
  default  = { max_concurrency = 100 }
  nullable = false

  validation {
    condition     = contains([1, 16], var.pace.slot_partitions)
    error_message = "pace.slot_partitions = ${var.pace.slot_partitions}: slots lie in 1 partition of the ledger or in 16. Give 1, or 16 for more than 400 starts a second or more than 10,000 executions at once."
  }
  validation {
    condition     = var.pace.max_concurrency >= 1 && var.pace.max_concurrency <= (var.pace.slot_partitions == 16 ? 100000 : 10000) && floor(var.pace.max_concurrency) == var.pace.max_concurrency
    error_message = "pace.max_concurrency = ${var.pace.max_concurrency}: give a whole number from 1 to ${var.pace.slot_partitions == 16 ? "100,000" : "10,000, or set pace.slot_partitions = 16 for up to 100,000"}. Each tick reads all slots, and a partition of the ledger gives 3,000 read units a second. To start nothing for a while, pause by the control item or set schedule.enabled = false."
  }
  validation {
    condition     = var.pace.starts_per_second == null ? true : var.pace.starts_per_second > 0 && var.pace.starts_per_second <= (var.pace.slot_partitions == 16 ? 4000 : 400)
    error_message = "pace.starts_per_second = ${coalesce(var.pace.starts_per_second, 0)}: give a number above 0 and up to ${var.pace.slot_partitions == 16 ? "4,000" : "400, or set pace.slot_partitions = 16 for up to 4,000"}. A start writes its slot twice, and a partition of the ledger takes 1,000 writes a second."
  }
  validation {
    condition     = var.pace.burst == null ? true : var.pace.burst >= 1 && var.pace.burst <= 1000 && floor(var.pace.burst) == var.pace.burst
    error_message = "pace.burst = ${coalesce(var.pace.burst, 0)}: give a whole number from 1 to 1000. Step Functions itself allows an account no more than 800 to 1,300 starts at once."
  }
  validation {
    condition     = var.pace.starts_per_tick == null ? true : var.pace.starts_per_tick >= 1 && floor(var.pace.starts_per_tick) == var.pace.starts_per_tick
    error_message = "pace.starts_per_tick = ${coalesce(var.pace.starts_per_tick, 0)} is no number of starts. Give a whole number, 1 or more, or leave it out for no such bound."
  }
  validation {
    condition     = var.pace.adapt == null ? true : length(var.pace.adapt.errors) >= 1 && length(var.pace.adapt.errors) <= 50
    error_message = "pace.adapt.errors has ${try(length(var.pace.adapt.errors), 0)} names: give 1 to 50, such as \"*Throttl*\". To keep the pace on every error, leave adapt out."
  }
  validation {
    condition     = var.pace.adapt == null ? true : alltrue([for error in var.pace.adapt.errors : can(regex("[^*]", error)) && length(error) <= 256])
    error_message = "pace.adapt.errors has names that are empty, only of *, or longer than 256 characters: ${join(", ", [for error in try(var.pace.adapt.errors, []) : "\"${substr(error, 0, 40)}\"" if !can(regex("[^*]", error)) || length(error) > 256])}. Give the names of the target's errors, such as \"*Throttl*\". With * alone, every failure would slow starts down, also those that the target has no part in."
  }
  validation {
    condition     = var.pace.adapt == null ? true : var.pace.adapt.tolerated_share > 0 && var.pace.adapt.tolerated_share < 1
    error_message = "pace.adapt.tolerated_share = ${try(var.pace.adapt.tolerated_share, 0)} is no share of executions that can be exceeded. Give a number above 0 and below 1, such as 0.05 for one in twenty."
  }
  validation {
    condition     = var.pace.adapt == null ? true : var.pace.adapt.slowest_starts_per_second > 0 && var.pace.adapt.slowest_starts_per_second <= coalesce(var.pace.starts_per_second, try(var.pace.account_share.share * var.pace.account_share.quota_per_second, null), 25)
    error_message = "pace.adapt.slowest_starts_per_second = ${try(var.pace.adapt.slowest_starts_per_second, 0)}: starts slow down to this rate. Give a number above 0, at most pace.starts_per_second (${coalesce(var.pace.starts_per_second, try(var.pace.account_share.share * var.pace.account_share.quota_per_second, null), 25)})."
  }
  validation {
    condition     = var.pace.adapt == null ? true : var.pace.adapt.uncounted_max >= 0 && var.pace.adapt.uncounted_max <= 1000 && floor(var.pace.adapt.uncounted_max) == var.pace.adapt.uncounted_max
    error_message = "pace.adapt.uncounted_max = ${try(var.pace.adapt.uncounted_max, 0)}: give a whole number from 0 to 1000. Each can cost an execution of an event that never succeeds."
  }
  validation {
    condition     = var.pace.account_share == null ? true : var.pace.account_share.share > 0 && var.pace.account_share.share <= 1
    error_message = "pace.account_share.share = ${try(var.pace.account_share.share, 0)}: give the part of the account's quota that this pipeline takes, above 0 and up to 1. The shares of all pipelines in an account and Region add up to 1 at most."
  }
  validation {
    condition     = var.pace.account_share == null ? true : var.pace.account_share.quota_per_second > 0 && var.pace.account_share.quota_burst >= 1
    error_message = "pace.account_share states a quota of ${try(var.pace.account_share.quota_per_second, 0)} a second and ${try(var.pace.account_share.quota_burst, 0)} at once: give the account's own numbers of StartExecution in this Region. Without a raise these are 300 and 1300 in us-east-1, us-west-2 and eu-west-1, and 150 and 800 elsewhere."
  }
  validation {
    condition     = var.pace.account_share == null ? true : var.pace.starts_per_second == null && var.pace.burst == null
    error_message = "pace.account_share gives starts_per_second and burst, and pace has ${join(" and ", compact([var.pace.starts_per_second == null ? "" : "starts_per_second = ${var.pace.starts_per_second}", var.pace.burst == null ? "" : "burst = ${var.pace.burst}"]))} too. Leave them out of pace, or leave account_share out."
  }
}

variable "schedule" {
  description = "When dispatch runs, and for how long."
  type = object({
    # rate(...) or cron(...) of an EventBridge rule; cron is in UTC.
    expression = optional(string, "rate(1 minute)")
    # How long a tick goes on starting executions, at most; null: 56.
    tick_seconds = optional(number)
    # The act of a tick when no event waits. "stop" ends it. "wait" keeps it until the next tick
    # takes over, so that an upload starts at once.
    idle    = optional(string, "stop")
    enabled = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex(module.forms.schedule, var.schedule.expression))
    error_message = "schedule.expression = \"${var.schedule.expression}\" is no schedule of an EventBridge rule. ${module.forms.schedule_remedy}"
  }
  validation {
    condition     = var.schedule.tick_seconds == null ? true : var.schedule.tick_seconds >= 1 && var.schedule.tick_seconds <= 100 && floor(var.schedule.tick_seconds) == var.schedule.tick_seconds
    error_message = "schedule.tick_seconds = ${coalesce(var.schedule.tick_seconds, 0)}: a tick lasts 1 to 100 seconds. Give a whole number of them, or leave it out for 56. The function's timeout is 20 seconds more."
  }
  validation {
    condition     = can(regex("^(rate\\(1 minute\\)$|cron\\(([*]|[^ ]*/0?1) )", var.schedule.expression)) ? coalesce(var.schedule.tick_seconds, 56) <= 58 : true
    error_message = "schedule.tick_seconds = ${coalesce(var.schedule.tick_seconds, 0)} does not fit into ${var.schedule.expression}: a tick must end 2 seconds before the next begins, or every other one finds the lease taken. Give 58 or less, or a slower schedule."
  }
  validation {
    condition     = contains(["stop", "wait"], var.schedule.idle)
    error_message = "schedule.idle = \"${var.schedule.idle}\": give \"stop\" (a tick ends when no event waits) or \"wait\" (it waits for events until the next tick takes over)."
  }
  validation {
    condition     = var.schedule.idle == "wait" ? var.schedule.expression == "rate(1 minute)" : true
    error_message = "schedule.idle = \"wait\" does not go with ${var.schedule.expression}: a tick waits for the next one, and for two minutes at most. Give rate(1 minute) or leave expression out; with any other schedule events wait for its time, as idle = \"stop\" has it."
  }
  validation {
    condition     = var.schedule.idle == "wait" ? var.schedule.tick_seconds == null : true
    error_message = "schedule.tick_seconds = ${coalesce(var.schedule.tick_seconds, 0)} does not go with idle = \"wait\": a tick lasts until the next one takes over. Leave tick_seconds out."
  }
}

variable "sweep" {
  description = "The sweep, which looks after slots whose outcome never came."
  type = object({
    # Age at which a slot is looked at.
    after_seconds = optional(number, 300)
    # Most slots that one tick looks at, five a second while it releases events.
    per_tick = optional(number, 50)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.sweep.after_seconds >= 1 && floor(var.sweep.after_seconds) == var.sweep.after_seconds
    error_message = "sweep.after_seconds = ${var.sweep.after_seconds} is no age of a slot in seconds. Give a whole number, 1 or more."
  }
  validation {
    condition     = var.sweep.per_tick >= 1 && var.sweep.per_tick <= 100 && floor(var.sweep.per_tick) == var.sweep.per_tick
    error_message = "sweep.per_tick = ${var.sweep.per_tick}: give a whole number from 1 to 100. The sweep asks Step Functions 5 times a second, of the 10 to 15 that the whole account has."
  }
}

variable "tenants" {
  description = "A bound for each tenant: an event over it waits in the ledger, and other tenants go on. Null: no such bound."
  type = object({
    # How a key tells its tenant: the number of a segment, or a pattern with one
    # group. With "2" the tenant of in/acme/a.csv is acme; so it is with
    # "^in/([a-z]+)/". A key without a tenant has no such bound.
    by = string
    # Executions of one tenant that run at once, at most, over all lanes.
    max_concurrency = number
  })
  default = null

  validation {
    condition     = var.tenants == null ? true : can(regex("^[0-9]*$", var.tenants.by)) ? can(regex("^[1-9][0-9]{0,2}$", var.tenants.by)) : true
    error_message = "tenants.by = \"${try(var.tenants.by, "")}\" is no segment of a key: give the number of one, from 1 to 999, such as \"2\" for acme in in/acme/a.csv. The last segment, the object's own name, is never a tenant. Or give a pattern with one group."
  }
  validation {
    # The second half counts groups: with an empty alternative every pattern matches the empty text.
    condition     = var.tenants == null ? true : can(regex("^[0-9]*$", var.tenants.by)) ? true : can(regexall(var.tenants.by, "")) && try(length(regexall("(?:${var.tenants.by})|", "")[0]), 0) == 1
    error_message = "tenants.by = \"${try(substr(var.tenants.by, 0, 80), "")}\" is ${can(regexall(var.tenants.by, "")) ? "a pattern with ${try(length(regexall("(?:${var.tenants.by})|", "")[0]), "several")} groups" : "no pattern"}: give one with exactly one group, around the tenant, such as \"^in/([^/]+)/\". A group (?:…) does not count. Or give the number of a key's segment, such as \"2\"."
  }
  validation {
    # The function's patterns (the crate regex-lite) lack a few parts of Terraform's.
    condition = var.tenants == null ? true : alltrue([
      length(var.tenants.by) <= 256,
      can(regex("^([^\\\\]|\\\\[dDsSwWbBAztnr.*+?()|\\[\\]{}^$/-])*$", var.tenants.by)),
      !can(regex("[{]", replace(replace(var.tenants.by, "/\\\\./", "_"), "/[{][0-9]{1,3}(,[0-9]{0,3})?[}]/", ""))),
      !can(regex("[[]([^]]*[[]|\\^?\\])|&&|--|~~|[(][?]P?<", replace(var.tenants.by, "/\\\\./", "_"))),
    ])
    error_message = "tenants.by = \"${try(substr(var.tenants.by, 0, 80), "")}\" is longer than 256 characters, or has a part that the function's patterns lack. Such parts are a named group, a class of Unicode or [:alpha:], a class within a class, and a { that is no repetition. Give classes such as [a-z0-9-], \\d, \\w, \\s, and a \\ before any other sign that stands for itself."
  }
  validation {
    condition     = var.tenants == null ? true : var.tenants.max_concurrency >= 1 && floor(var.tenants.max_concurrency) == var.tenants.max_concurrency && var.tenants.max_concurrency <= max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...)
    error_message = "tenants.max_concurrency = ${try(var.tenants.max_concurrency, 0)}: give a whole number from 1 to ${max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...)}, the most that the pipeline ever runs at once. To start nothing, pause the pipeline; for no bound, leave tenants out."
  }
  validation {
    condition     = var.tenants == null || var.workflow.order == "none"
    error_message = "tenants with workflow.order = \"${var.workflow.order}\": a version would wait for its object's turn and for its tenant. It could keep the turn while others of the object wait. Set order = \"none\", or leave tenants out."
  }
  validation {
    condition     = var.tenants == null || var.workflow.events_per_execution == 1
    error_message = "tenants with workflow.events_per_execution = ${var.workflow.events_per_execution}: the objects of one execution can be of several tenants, and each of them would count for all. Set events_per_execution = 1, or leave tenants out."
  }
  validation {
    condition     = var.tenants == null || !var.fifo
    error_message = "tenants with fifo = true: a FIFO queue keeps the versions of each object in order. An event that waits for its tenant leaves that order. Set fifo = false, or leave tenants out."
  }
}

variable "windows" {
  description = "Times with a pace of their own, by a name of your choice; if several hold, the one with the lowest priority is in force."
  type = map(object({
    # The lowest wins; each window has its own.
    priority = number
    # IANA name of the time zone of from, to, days and dates.
    timezone = optional(string, "UTC")
    # HH:MM; to is not included, and can be 24:00. A window whose to is before
    # its from ends on the next day.
    from = optional(string, "00:00")
    to   = optional(string, "24:00")
    # MON, TUE, WED, THU, FRI, SAT, SUN; null: every day.
    days = optional(list(string))
    # YYYY-MM-DD, or first and last as YYYY-MM-DD/YYYY-MM-DD; null: every date.
    dates = optional(list(string))
    # Nothing starts.
    pause = optional(bool, false)
    # Numbers given here hold instead of the same numbers of pace.
    pace = optional(object({
      max_concurrency   = optional(number)
      starts_per_second = optional(number)
      burst             = optional(number)
      starts_per_tick   = optional(number)
    }))
    # Bounds of lanes, by the lane's name, which hold instead of those of lanes.
    lanes = optional(map(object({
      # Executions of the lane that run at once, at most; 0: nothing of it starts.
      max_concurrency = number
    })), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.windows) <= 50
    error_message = "There are ${length(var.windows)} windows; 50 are allowed, for they come in the function's environment, which is small. Merge some: one window takes several days and dates."
  }
  validation {
    condition     = alltrue([for name in keys(var.windows) : can(regex("^[a-z][a-z0-9_-]{0,31}$", name)) && name != "default"])
    error_message = "Windows cannot have these names in logs and commands: ${join(", ", [for name in keys(var.windows) : "\"${name}\"" if !can(regex("^[a-z][a-z0-9_-]{0,31}$", name)) || name == "default"])}. Give 1 to 32 lower-case letters, digits, _ and -, a letter first; \"default\" is the pace without a window."
  }
  validation {
    condition     = alltrue([for window in var.windows : window.priority >= 0 && window.priority <= 1000000 && floor(window.priority) == window.priority])
    error_message = "These windows have a priority that no list of windows can be sorted by: ${join(", ", [for name, window in var.windows : "windows.${name}.priority = ${window.priority}" if !(window.priority >= 0 && window.priority <= 1000000 && floor(window.priority) == window.priority)])}. Give a whole number from 0 to 1000000; the lowest wins."
  }
  validation {
    condition     = length(distinct([for window in var.windows : window.priority])) == length(var.windows)
    error_message = "Two windows have the same priority, and nothing would say which holds: ${join(", ", [for name, window in var.windows : "windows.${name}.priority = ${window.priority}"])}. Give each its own; the lowest wins."
  }
  validation {
    condition     = alltrue([for window in var.windows : contains(local._timezones, window.timezone)])
    error_message = "No time zone is called so: ${join(", ", [for name, window in var.windows : "windows.${name}.timezone = \"${window.timezone}\"" if !contains(local._timezones, window.timezone)])}. Give an IANA name, such as Asia/Seoul, Europe/Berlin or UTC; terraform/data/timezones.json lists them all."
  }
  validation {
    condition     = alltrue([for window in var.windows : can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", window.from)) && can(regex("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", window.to))])
    error_message = "A window is from 00:00 to 24:00, at the most: ${join(", ", [for name, window in var.windows : "windows.${name} says from \"${window.from}\" to \"${window.to}\"" if !can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", window.from)) || !can(regex("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", window.to))])}. Write HH:MM, two digits each; only to can be 24:00."
  }
  validation {
    condition     = alltrue([for window in var.windows : window.from != window.to])
    error_message = "These windows end when they begin: ${join(", ", [for name, window in var.windows : "windows.${name} from ${window.from} to ${window.to}" if window.from == window.to])}. Leave from and to out for the whole day."
  }
  validation {
    condition     = alltrue([for window in var.windows : window.days == null ? true : length(window.days) > 0 && length(setsubtract(window.days, ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"])) == 0])
    error_message = "The days of a window are some of MON, TUE, WED, THU, FRI, SAT and SUN: ${join(", ", [for name, window in var.windows : "windows.${name}.days = [${join(", ", coalesce(window.days, []))}]" if window.days != null])}. Leave days out for every day."
  }
  validation {
    condition = alltrue([for window in var.windows : window.dates == null ? true : length(window.dates) > 0 && alltrue([
      for date in window.dates : can(regex("^[0-9-]{10}(/[0-9-]{10})?$", date)) && try(timecmp("${split("/", date)[0]}T00:00:00Z", "${reverse(split("/", date))[0]}T00:00:00Z") <= 0, false)
    ])])
    error_message = "The dates of a window are days of the calendar, or first and last of several: ${join(", ", [for name, window in var.windows : "windows.${name}.dates = [${join(", ", coalesce(window.dates, []))}]" if window.dates != null])}. Write 2026-12-24 or 2026-12-24/2026-12-27; leave dates out for every date."
  }
  validation {
    condition     = alltrue([for window in var.windows : window.pause || length(window.lanes) > 0 || try(length([for number in values(window.pace) : number if number != null]) > 0, false)])
    error_message = "These windows change nothing: ${join(", ", [for name, window in var.windows : "windows.${name}" if !(window.pause || length(window.lanes) > 0 || try(length([for number in values(window.pace) : number if number != null]) > 0, false))])}. Give pause = true, or a pace with at least one of max_concurrency, starts_per_second, burst and starts_per_tick, or a lane's bound."
  }
  validation {
    condition = alltrue([for window in var.windows : window.pace == null ? true : alltrue([
      window.pace.max_concurrency == null ? true : window.pace.max_concurrency >= 1 && window.pace.max_concurrency <= (var.pace.slot_partitions == 16 ? 100000 : 10000) && floor(window.pace.max_concurrency) == window.pace.max_concurrency,
      window.pace.starts_per_second == null ? true : window.pace.starts_per_second > 0 && window.pace.starts_per_second <= (var.pace.slot_partitions == 16 ? 4000 : 400),
      window.pace.burst == null ? true : window.pace.burst >= 1 && window.pace.burst <= 1000 && floor(window.pace.burst) == window.pace.burst,
      window.pace.starts_per_tick == null ? true : window.pace.starts_per_tick >= 1 && floor(window.pace.starts_per_tick) == window.pace.starts_per_tick,
    ])])
    error_message = "The pace of a window has the bounds of pace, and one of these exceeds them: ${jsonencode({ for name, window in var.windows : name => { for key, number in window.pace : key => number if number != null } if window.pace != null })}. Give max_concurrency 1 to ${var.pace.slot_partitions == 16 ? "100,000" : "10,000"}, starts_per_second above 0 and up to ${var.pace.slot_partitions == 16 ? "4,000" : "400"}, burst 1 to 1000, and starts_per_tick 1 or more. All but starts_per_second are whole numbers. To start nothing, give pause = true.${var.pace.slot_partitions == 16 ? "" : " For up to 100,000 executions and 4,000 starts a second, set pace.slot_partitions = 16."}"
  }
  # Here and not with lanes: it depends on the windows.
  validation {
    condition     = alltrue([for lane in var.lanes : lane.max_concurrency == null ? true : lane.max_concurrency <= max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...)])
    error_message = "The pipeline never runs more than ${max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...)} executions at once, so this bounds nothing: ${join(", ", [for name, lane in var.lanes : "lanes.${name}.max_concurrency = ${lane.max_concurrency}" if try(lane.max_concurrency > max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...), false)])}. Give at most ${max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...)}, raise pace.max_concurrency, or leave it out."
  }
  validation {
    condition     = alltrue(flatten([for window in var.windows : [for lane in keys(window.lanes) : contains(keys(local._lanes), lane)]]))
    error_message = "These windows bound lanes that do not exist: ${join(", ", flatten([for name, window in var.windows : [for lane in keys(window.lanes) : "windows.${name}.lanes.${lane}" if !contains(keys(local._lanes), lane)]]))}. The lanes are ${join(", ", keys(local._lanes))}: name one of them, or add the lane to lanes."
  }
  validation {
    condition     = length(local._lanes) == 1 ? alltrue([for window in var.windows : length(window.lanes) == 0]) : true
    error_message = "There is only one lane, and its bound bounds the same executions as pace.max_concurrency: ${join(", ", [for name, window in var.windows : "windows.${name}.lanes" if length(window.lanes) > 0])}. Give windows.<name>.pace.max_concurrency, or add lanes."
  }
  validation {
    condition     = alltrue(flatten([for window in var.windows : [for lane in window.lanes : lane.max_concurrency >= 0 && floor(lane.max_concurrency) == lane.max_concurrency && lane.max_concurrency <= max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...)]]))
    error_message = "These bounds of lanes are out of range: ${join(", ", flatten([for name, window in var.windows : [for lane, bound in window.lanes : "windows.${name}.lanes.${lane}.max_concurrency = ${bound.max_concurrency}" if !(bound.max_concurrency >= 0 && floor(bound.max_concurrency) == bound.max_concurrency && bound.max_concurrency <= max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...))]]))}. Give a whole number from 0 to ${max(var.pace.max_concurrency, [for window in values(var.windows) : try(coalesce(window.pace.max_concurrency, 0), 0)]...)}, the most that the pipeline ever runs at once. With that number the lane has no bound in the window."
  }
}

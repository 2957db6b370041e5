# Written by scripts/variables from modules/input/variables-pace.tf, which has types and rules.

variable "limits" {
  description = <<-EOT
    Bounds beyond the pace, against surprises on the bill.

    - `starts_per_day` (number, default null): Most starts in a day (UTC); null: no such bound. Once it is reached, events wait for the next day.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "pace" {
  description = <<-EOT
    The numbers that bound a tick; the ledger's control item can override them at run time.

    - `max_concurrency` (number, required): Most executions running at once, up to 10,000; up to 100,000 with 16 slot_partitions.
    - `starts_per_second` (number, default null): Starts per second over time, and at once after a quiet time. Null: 25 and 50, or the numbers of account_share.
    - `burst` (number, default null)
    - `account_share` (object): If pipelines share an account's quota of StartExecution: the part that this one takes, from 0 to 1, and the quota. The quota is in starts a second, and at once. Nothing adds up the shares of pipelines in other configurations.
      - `share` (number, required)
      - `quota_per_second` (number, required)
      - `quota_burst` (number, required)
    - `starts_per_tick` (number, default null): Starts per tick; null: a tick starts as many as it can.
    - `slot_partitions` (number, default 1): Partitions of the ledger that the slots of running executions are spread over: 1, for up to 400 starts_per_second, or 16, for up to 4,000. Set it when every function is of this release. For a minute after a change no more than 200 executions start a second.
    - `adapt` (object): Slows starts down, or stops them, when executions say that their target takes no more; null: the pace does not adapt.
      - `errors` (list of texts, required): Errors by which executions say so, as Step Functions names them; * stands for any text: "*Throttl*", "States.Timeout".
      - `tolerated_share` (number, default 0.05): The share of executions that can end with such an error before starts are slowed down.
      - `slowest_starts_per_second` (number, default 0.1): The slowest that starts become.
      - `uncounted_max` (number, default 20): So many ends of an event with such an error do not count as attempts.
  EOT
  type        = any
  default     = { max_concurrency = 100 }
  nullable    = false
}

variable "schedule" {
  description = <<-EOT
    When dispatch runs, and for how long.

    - `expression` (text, default "rate(1 minute)"): rate(...) or cron(...) of an EventBridge rule; cron is in UTC.
    - `tick_seconds` (number, default null): How long a tick goes on starting executions, at most; null: 56.
    - `idle` (text, default "stop"): The act of a tick when no event waits. "stop" ends it. "wait" keeps it until the next tick takes over, so that an upload starts at once.
    - `enabled` (true or false, default true)
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "sweep" {
  description = <<-EOT
    The sweep, which looks after slots whose outcome never came.

    - `after_seconds` (number, default 300): Age at which a slot is looked at.
    - `per_tick` (number, default 50): Most slots that one tick looks at, five a second while it releases events.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "tenants" {
  description = <<-EOT
    A bound for each tenant: an event over it waits in the ledger, and other tenants go on. Null: no such bound.

    - `by` (text, required): How a key tells its tenant: the number of a segment, or a pattern with one group. With "2" the tenant of in/acme/a.csv is acme; so it is with "^in/([a-z]+)/". A key without a tenant has no such bound.
    - `max_concurrency` (number, required): Executions of one tenant that run at once, at most, over all lanes.
  EOT
  type        = any
  default     = null
}

variable "windows" {
  description = <<-EOT
    Times with a pace of their own, by a name of your choice; if several hold, the one with the lowest priority is in force.

    - `priority` (number, required): The lowest wins; each window has its own.
    - `timezone` (text, default "UTC"): IANA name of the time zone of from, to, days and dates.
    - `from` (text, default "00:00"): HH:MM; to is not included, and can be 24:00. A window whose to is before its from ends on the next day.
    - `to` (text, default "24:00")
    - `days` (list of texts, default null): MON, TUE, WED, THU, FRI, SAT, SUN; null: every day.
    - `dates` (list of texts, default null): YYYY-MM-DD, or first and last as YYYY-MM-DD/YYYY-MM-DD; null: every date.
    - `pause` (true or false, default false): Nothing starts.
    - `pace` (object): Numbers given here hold instead of the same numbers of pace.
      - `max_concurrency` (number, default null)
      - `starts_per_second` (number, default null)
      - `burst` (number, default null)
      - `starts_per_tick` (number, default null)
    - `lanes` (map of objects): Bounds of lanes, by the lane's name, which hold instead of those of lanes.
      - `max_concurrency` (number, required): Executions of the lane that run at once, at most; 0: nothing of it starts.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

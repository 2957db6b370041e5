# Written by scripts/variables from modules/input/variables-platform.tf, which has types and rules.

variable "name" {
  description = "Name of the pipeline; every name starts with it."
  type        = string
  nullable    = false
}

variable "handlers" {
  description = <<-EOT
    The functions' build and how they run. Nothing to say with a release: it brings the zips in dist/ beside this module.

    - `manifest` (object): The build's handlers.json, decoded; null: the file in directory, or else in dist/.
      - `version` (text, required)
      - `protocol` (number, required)
      - `handlers` (map of maps, required)
        - `file` (text, required)
        - `sha256` (text, required)
        - `bytes` (number, required)
    - `architecture` (text, default null): arm64 or x86_64; null: the one that the build has, arm64 if it has both.
    - `directory` (text, default null): A build of your own: a directory with the zips and handlers.json. Null, and s3 null too: dist/, which a release brings.
    - `s3` (object): Instead a bucket, its keys being prefix and file name.
      - `bucket` (text, required)
      - `prefix` (text, default "")
    - `dispatch` (object)
      - `memory_mb` (number, default 256)
      - `reserved_concurrency` (number, default null): Null: none reserved. A lease keeps ticks apart, 1 only saves their cost; a young account cannot reserve any.
    - `ingest` (object): Only with a source via "lambda".
      - `memory_mb` (number, default 256)
    - `reconcile` (object): Unless reconcile.enabled is false.
      - `memory_mb` (number, default 256)
    - `settle` (object)
      - `memory_mb` (number, default 256)
      - `maximum_concurrency` (number, default null): Most instances at once, 2 to 1000. Null: 10, or one for each 25 starts a second that pace or a window allows, if that is more.
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "ledger" {
  description = <<-EOT
    The record of every object event.

    - `retention_days` (number, default 90): How long the row of a finished object event is kept.
    - `table` (object): The table in the place of the module's own, such as that table restored from a point in time; null: the own table. The own table stays.
      - `arn` (text, required)
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "platform" {
  description = <<-EOT
    Settings that an organisation makes once for all its pipelines.

    - `appliers` (set of texts, default []): ARNs of the roles and users that run terraform apply, with * for any characters. The output kms_key_policy_statements names them.
    - `code_signing` (object): Lambda runs signed zips only: a code signing configuration. Sign the zips of a build, and give their hashes in handlers.manifest.
      - `arn` (text, required)
    - `iam` (object)
      - `path` (text, default "/")
      - `permissions_boundary` (text, default null)
      - `role_name_prefix` (text, default "")
    - `kms_key` (object): Encrypts queues, ledger, log groups, state machine and the functions' environments; null: SSE-SQS and keys of AWS. Its policy needs the output kms_key_policy_statements first.
      - `arn` (text, required)
    - `logs` (object)
      - `retention_days` (number, default 30)
    - `tags` (map of texts, default {})
    - `tracing` (true or false, default false): X-Ray, of functions and state machine.
    - `vpc` (object): Your own network for the functions; null: Lambda's. It needs the endpoints of the output vpc_endpoints, and no way to the internet.
      - `security_group_ids` (set of texts, required)
      - `subnet_ids` (set of texts, required)
  EOT
  type        = any
  default     = {}
  nullable    = false
}

variable "protect" {
  description = "Keeps ledger and events queue from being deleted or purged, by Terraform too, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "home" {
  description = <<-EOT
    Where the pipelines live.

    - `partition` (text, required)
    - `region` (text, required)
    - `account_id` (text, required)
  EOT
  type = object({
    partition  = string
    region     = string
    account_id = string
  })
  nullable = false
}

variable "oidc_provider" {
  description = "The account's identity provider for GitHub Actions (token.actions.githubusercontent.com)."
  type        = object({ arn = string })
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/.+$", var.oidc_provider.arn))
    error_message = "oidc_provider.arn = \"${var.oidc_provider.arn}\" is no ARN of an identity provider. Give one such as arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com."
  }
}

variable "permissions_boundary" {
  description = "The policy that bounds every role of the pipelines: the role that applies can make no role without it. Give it to the pipelines as platform.iam.permissions_boundary."
  type        = object({ arn = string })
  nullable    = false

  validation {
    condition     = can(regex(module.forms.arns.policy, var.permissions_boundary.arn))
    error_message = "permissions_boundary.arn = \"${var.permissions_boundary.arn}\" is no ARN of a policy. Give one such as arn:aws:iam::123456789012:policy/boundary."
  }
}

variable "pipelines" {
  description = "Names of the pipelines that are deployed. A * stands for any characters: team-*."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.pipelines) > 0 && alltrue([for name in var.pipelines : can(regex("^[a-z][a-z0-9*-]{1,31}$", name))])
    error_message = "pipelines names ${length(var.pipelines) == 0 ? "nothing" : join(", ", [for name in var.pipelines : "\"${name}\"" if !can(regex("^[a-z][a-z0-9*-]{1,31}$", name))])}, and the roles are for pipelines alone. Give names of 2 to 32 lower-case letters, digits and -, with * for any characters but not first."
  }
}

variable "repository" {
  description = "The repository whose workflows take the roles, as ORGANISATION/NAME."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z-]+/[0-9A-Za-z._-]+$", var.repository))
    error_message = "repository = \"${var.repository}\": give ORGANISATION/NAME, without * and without https://github.com/."
  }
}

variable "branch" {
  description = "The branch whose runs look for drift, with the role that plans."
  type        = string
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z._/-]+$", var.branch))
    error_message = "branch = \"${var.branch}\" is no name of a branch. Give letters, digits, ., _, / and -; a * would let every branch in."
  }
}

variable "buckets" {
  description = "Buckets that the configuration makes, by name; a * stands for any characters. The permissions for their notifications are included."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.buckets : can(regex("^[a-z0-9][a-z0-9.*-]{2,62}$", name))])
    error_message = "buckets has ${join(", ", [for name in var.buckets : "\"${name}\"" if !can(regex("^[a-z0-9][a-z0-9.*-]{2,62}$", name))])}, and S3 has no such buckets. Give names of 3 to 63 characters, with * for any characters but not first."
  }
}

variable "environment" {
  description = "The repository's environment whose jobs apply. Give it required reviewers, and restrict it to the branch."
  type        = string
  default     = "production"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z._-]+$", var.environment))
    error_message = "environment = \"${var.environment}\" is no name of an environment that the roles can trust. Give letters, digits, ., _ and - alone."
  }
}

variable "iam" {
  description = <<-EOT
    How the two roles and their policies are made.

    - `path` (text, default "/")
    - `permissions_boundary` (text, default null): Of the two roles themselves.
  EOT
  type = object({
    path                 = optional(string, "/")
    permissions_boundary = optional(string)
  })
  default  = {}
  nullable = false
}

variable "kms_key" {
  description = "The pipelines' own key, as in platform.kms_key; null: none. Name the two roles in platform.appliers, so that its policy admits them."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex(module.forms.arns.key, var.kms_key.arn))
    error_message = "kms_key.arn = \"${try(var.kms_key.arn, "")}\" is no ARN of a key. Give one such as arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab."
  }
}

variable "name" {
  description = "The first part of the roles' names: NAME-plan and NAME-apply."
  type        = string
  default     = "spillway-deploy"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z+=,.@-]{1,58}$", var.name))
    error_message = "name = \"${var.name}\" cannot begin the names of the two roles. Give 1 to 58 letters, digits and +=,.@-. A _ is not allowed: the pipelines' own roles have one, and these must be none of them."
  }
}

variable "pipeline_roles" {
  description = <<-EOT
    How the pipelines make their roles, as in platform.iam.

    - `path` (text, default "/")
    - `role_name_prefix` (text, default "")
  EOT
  type = object({
    path             = optional(string, "/")
    role_name_prefix = optional(string, "")
  })
  default  = {}
  nullable = false
}

variable "policy_statements" {
  description = <<-EOT
    What else the configuration makes beside the pipelines: what refreshes it, and what changes it.

    - `read` (list of objects, default []): Of both roles.
      - `actions` (list of texts, required)
      - `resources` (list of texts, required)
    - `write` (list of objects, default []): Of the role that applies.
      - `actions` (list of texts, required)
      - `resources` (list of texts, required)
  EOT
  type = object({
    read  = optional(list(object({ actions = list(string), resources = list(string) })), [])
    write = optional(list(object({ actions = list(string), resources = list(string) })), [])
  })
  default  = {}
  nullable = false
}

variable "state" {
  description = <<-EOT
    The S3 backend of the configuration; null: the state is elsewhere.

    - `bucket` (text, required)
    - `key` (text, required): A * stands for any characters.
  EOT
  type = object({
    bucket = string
    key    = string
  })
  default = null
}

variable "tags" {
  description = "Tags of the roles and policies."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "repository" {
  description = "The repository whose workflows take the roles, as ORGANISATION/NAME."
  type        = string
  nullable    = false
}

variable "branch" {
  description = "The branch that is applied."
  type        = string
  default     = "main"
  nullable    = false
}

variable "environment" {
  description = "The repository's environment whose jobs apply."
  type        = string
  default     = "production"
  nullable    = false
}

variable "kms_key" {
  description = "The pipelines' own key; null: none."
  type        = object({ arn = string })
  default     = null
}

variable "name" {
  description = "The first part of the roles' names."
  type        = string
  default     = "spillway-deploy"
  nullable    = false
}

variable "oidc_provider" {
  description = "The account's identity provider for GitHub Actions, if it has one; null: it is made."
  type        = object({ arn = string })
  default     = null
}

variable "pipelines" {
  description = "Names of the pipelines that are deployed, with * for any characters."
  type        = set(string)
  default     = ["device-status"]
  nullable    = false
}

variable "region" {
  description = "AWS Region; null: the one of the environment."
  type        = string
  default     = null
}

variable "state" {
  description = "The S3 backend of the pipelines' configuration; null: the state is elsewhere."
  type = object({
    bucket = string
    key    = string
  })
  default = null
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

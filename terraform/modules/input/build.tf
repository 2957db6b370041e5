# The functions' build: the one that a release has beside the composition, unless another is given.
variable "dist" {
  description = "Directory in which a release has the zips and handlers.json."
  type        = string
  default     = "dist"
  nullable    = false
}

locals {
  _manifest_file = "${coalesce(var.handlers.directory, var.dist)}/handlers.json"
  # As one text, since the given type and the type in a file differ.
  _manifest = jsondecode(
    var.handlers.manifest != null ? jsonencode(var.handlers.manifest) :
    fileexists(local._manifest_file) ? file(local._manifest_file) :
    jsonencode({ version = "none", protocol = 0, handlers = {} })
  )

  _architectures = distinct(flatten([for builds in values(local._manifest.handlers) : keys(builds)]))
  _architecture = coalesce(
    var.handlers.architecture,
    length(local._architectures) == 1 ? local._architectures[0] : "arm64",
  )
}

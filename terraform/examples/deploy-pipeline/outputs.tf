output "bucket" {
  description = "Upload there; each object starts one execution."
  value       = aws_s3_bucket.uploads.id
}

output "code" {
  description = "By function, the code that was released and the code that runs: deploy.sh drift compares them."
  value = {
    for handler, released in module.spillway.released_sha256 :
    handler => { released = released, running = module.spillway.running_sha256[handler] }
  }
}

output "pipeline" {
  description = "Name of the pipeline, for the operator's program."
  value       = var.name
}

output "spillway" {
  description = "All outputs of the module."
  value       = module.spillway
}

output "workflow_version_arn" {
  description = "ARN of the newest version of the workflow."
  value       = module.spillway.workflow_version_arn
}

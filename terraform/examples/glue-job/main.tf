module "spillway" {
  source = "../../"

  name = var.name

  buckets = {
    uploads = {
      name         = aws_s3_bucket.uploads.id
      notification = "owned"
      sources      = { status = { prefix = "status/", suffix = ".json" } }
    }
  }

  workflow = {
    definition = templatefile("${path.module}/workflow.asl.json", {
      job_name    = aws_glue_job.compact.name
      work_bucket = aws_s3_bucket.work.id
    })
    events_per_execution = 100
    policy_statements = [
      {
        sid       = "WriteManifests"
        actions   = ["s3:PutObject"]
        resources = ["${aws_s3_bucket.work.arn}/manifests/*"]
      },
      {
        # The permissions that Step Functions needs to start a run, follow it and stop it.
        sid = "RunJob"
        actions = [
          "glue:BatchStopJobRun",
          "glue:GetJobRun",
          "glue:GetJobRuns",
          "glue:StartJobRun",
        ]
        resources = [aws_glue_job.compact.arn]
      },
      {
        sid       = "ReadResults"
        actions   = ["s3:GetObject"]
        resources = ["${aws_s3_bucket.work.arn}/results/*"]
      },
    ]
    # Two runs, and the waits between.
    timeout_seconds = 2 * 60 * var.job_timeout_minutes + 900
  }

  handlers = {
    architecture = var.architecture
    directory    = var.handlers_directory
  }

  # An execution is one run of the job, so the one number bounds both.
  pace     = { max_concurrency = var.job_runs, starts_per_second = var.starts_per_second }
  protect  = var.protect
  retry    = var.retry
  schedule = var.schedule
  platform = { tags = var.tags }
}

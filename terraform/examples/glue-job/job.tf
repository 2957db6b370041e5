# The job: a plain Python script on a sixteenth of a DPU, for a batch of small
# files is no work for Spark.
resource "aws_glue_job" "compact" {
  name         = "${var.name}-compact"
  description  = "One compact file of a batch of device reports"
  glue_version = "3.0"
  max_capacity = 0.0625
  # A failed run is the workflow's to repeat.
  max_retries = 0
  role_arn    = aws_iam_role.job.arn
  tags        = var.tags
  timeout     = var.job_timeout_minutes

  command {
    name            = "pythonshell"
    python_version  = "3.9"
    script_location = "s3://${aws_s3_bucket.work.id}/${aws_s3_object.script.key}"
  }

  default_arguments = {
    "--table"     = "s3://${aws_s3_bucket.work.id}/reports/"
    "library-set" = "none"
  }

  execution_property {
    max_concurrent_runs = var.job_runs
  }

  depends_on = [aws_iam_role_policy.job]
}

resource "aws_s3_object" "script" {
  bucket      = aws_s3_bucket.work.id
  key         = "scripts/job.py"
  source      = "${path.module}/job.py"
  source_hash = filemd5("${path.module}/job.py")
  tags        = var.tags
}

resource "aws_iam_role" "job" {
  name_prefix = "${var.name}-job-"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "glue.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "job" {
  name = "job"
  role = aws_iam_role.job.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadReports"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["${aws_s3_bucket.uploads.arn}/status/*"]
      },
      {
        Sid    = "ReadScriptAndManifests"
        Effect = "Allow"
        Action = ["s3:GetObject"]
        Resource = [
          "${aws_s3_bucket.work.arn}/manifests/*",
          "${aws_s3_bucket.work.arn}/scripts/*",
        ]
      },
      {
        Sid    = "WriteTableAndResults"
        Effect = "Allow"
        Action = ["s3:PutObject"]
        Resource = [
          "${aws_s3_bucket.work.arn}/reports/*",
          "${aws_s3_bucket.work.arn}/results/*",
        ]
      },
      {
        # The log groups of all Python shell jobs; their names are Glue's.
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:${local.partition}:logs:*:${local.account_id}:log-group:/aws-glue/python-jobs/*"]
      },
    ]
  })
}

locals {
  partition  = split(":", aws_iam_role.job.arn)[1]
  account_id = split(":", aws_iam_role.job.arn)[4]
}

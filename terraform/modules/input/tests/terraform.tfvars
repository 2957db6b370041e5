# What every run starts from: "everything_is_fine" of the composition's tests shows
# that it is fine.

name    = "reports"
buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = {} } } }

workflow = {
  definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
}

handlers = {
  s3 = { bucket = "artifacts" }
  manifest = {
    version  = "1.2.3"
    protocol = 2
    handlers = {
      dispatch  = { arm64 = { file = "dispatch.zip", sha256 = "d1", bytes = 1 } }
      ingest    = { arm64 = { file = "ingest.zip", sha256 = "i1", bytes = 1 } }
      reconcile = { arm64 = { file = "reconcile.zip", sha256 = "r1", bytes = 1 } }
      settle    = { arm64 = { file = "settle.zip", sha256 = "s1", bytes = 1 } }
    }
  }
}

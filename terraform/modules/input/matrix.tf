# Combinations that have a test, one a line: docs/matrix.md says which. What is
# not here is refused.
locals {
  # order / events per execution / via / queue / input format
  _cells = [
    "none / one / sqs / standard / objects",
    "none / one / sqs / standard / s3-notification",
    "none / one / eventbridge / standard / objects",
    "none / one / eventbridge / standard / s3-notification",
    "none / one / lambda / standard / objects",
    "none / one / lambda / standard / s3-notification",
    "none / one / lambda / fifo / objects",
    "none / one / lambda / fifo / s3-notification",
    "latest / one / sqs / standard / objects",
    "latest / one / sqs / standard / s3-notification",
    "latest / one / eventbridge / standard / objects",
    "latest / one / eventbridge / standard / s3-notification",
    "latest / one / lambda / standard / objects",
    "latest / one / lambda / standard / s3-notification",
    "latest / one / lambda / fifo / objects",
    "latest / one / lambda / fifo / s3-notification",
    "each / one / sqs / standard / objects",
    "each / one / sqs / standard / s3-notification",
    "each / one / eventbridge / standard / objects",
    "each / one / eventbridge / standard / s3-notification",
    "each / one / lambda / standard / objects",
    "each / one / lambda / standard / s3-notification",
    "each / one / lambda / fifo / objects",
    "each / one / lambda / fifo / s3-notification",
    "none / many / sqs / standard / objects",
    "none / many / eventbridge / standard / objects",
    "none / many / lambda / standard / objects",
  ]

  # How events come, but for what a rule of its own refuses already.
  _vias = distinct([
    for via in concat(
      flatten([for bucket in var.buckets : [for source in bucket.sources : source.via]]),
      # A topic's queue is a source's via "sqs", for all that comes after.
      length(var.topics) > 0 ? ["sqs"] : [],
    ) : via if !var.fifo || via == "lambda"
  ])
}

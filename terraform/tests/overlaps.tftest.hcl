# Which filters overlap: a case is a bucket with two of them, "a" and "b".

mock_provider "aws" {
  source = "./tests/mocks"
}

run "overlaps" {
  command = plan

  module {
    source = "./modules/overlaps"
  }

  variables {
    filters = merge([
      for case, ends in {
        apart-prefixes       = [{ prefix = "a/" }, { prefix = "b/" }]
        apart-suffixes       = [{ suffix = ".csv" }, { suffix = ".json" }]
        apart-events         = [{ events = ["s3:ObjectCreated:Put"] }, { events = ["s3:ObjectCreated:Post"] }]
        apart-kinds          = [{ events = ["s3:ObjectCreated:*"] }, { events = ["s3:ObjectRemoved:*"] }]
        apart-a-small        = [{ max_size = 10 }, { min_size = 11 }]
        apart-b-small        = [{ min_size = 11 }, { max_size = 10 }]
        same-everything      = [{}, {}]
        same-prefix-in-a     = [{ prefix = "status/" }, { prefix = "status/eu/" }]
        same-prefix-in-b     = [{ prefix = "status/eu/" }, { prefix = "status/" }]
        same-suffix-in-a     = [{ suffix = "n" }, { suffix = ".json" }]
        same-suffix-in-b     = [{ suffix = ".json" }, { suffix = "n" }]
        same-prefix-suffix   = [{ prefix = "status/" }, { suffix = ".json" }]
        same-wildcard-in-a   = [{ events = ["s3:ObjectCreated:*"] }, { events = ["s3:ObjectCreated:Put"] }]
        same-wildcard-in-b   = [{ events = ["s3:ObjectCreated:Put"] }, { events = ["s3:ObjectCreated:*"] }]
        same-event-of-two    = [{ events = ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"] }, { events = ["s3:ObjectCreated:Copy"] }]
        same-size-at-the-end = [{ max_size = 10 }, { min_size = 10 }]
        same-any-size        = [{}, { min_size = 10 }]
        } : {
        for i, key in ["a", "b"] : "${case}.${key}" => merge(
          { bucket = case, events = ["s3:ObjectCreated:*"], prefix = "", suffix = "", min_size = null, max_size = null },
          ends[i],
        )
      }
    ]...)
  }

  assert {
    condition = alltrue([
      for text in output.texts : startswith(text, "same-") && text == "${split(".", text)[0]}.a and ${split(".", text)[0]}.b"
    ])
    error_message = "Two filters overlap that are apart, or are of two buckets: ${jsonencode(output.texts)}"
  }
  assert {
    condition     = length(output.texts) == 11
    error_message = "Two filters overlap and are not told: ${jsonencode(output.texts)}"
  }
  assert {
    condition     = output.pairs[0] == { one = "same-any-size.a", other = "same-any-size.b" }
    error_message = "A pair has the keys of its filters: ${jsonencode(output.pairs)}"
  }
}

locals {
  # In their order: a pair is listed once.
  _keys = sort(keys(var.filters))

  _pairs = flatten([
    for i, a in local._keys : [
      for b in slice(local._keys, i + 1, length(local._keys)) : { one = a, other = b }
      if alltrue([
        var.filters[a].bucket == var.filters[b].bucket,
        (
          startswith(var.filters[a].prefix, var.filters[b].prefix)
          || startswith(var.filters[b].prefix, var.filters[a].prefix)
        ),
        (
          endswith(var.filters[a].suffix, var.filters[b].suffix)
          || endswith(var.filters[b].suffix, var.filters[a].suffix)
        ),
        anytrue([
          for pair in setproduct(var.filters[a].events, var.filters[b].events) :
          startswith(pair[0], trimsuffix(pair[1], "*"))
          || startswith(pair[1], trimsuffix(pair[0], "*"))
        ]),
        coalesce(var.filters[a].min_size, 0) <= coalesce(var.filters[b].max_size, pow(10, 18)),
        coalesce(var.filters[b].min_size, 0) <= coalesce(var.filters[a].max_size, pow(10, 18)),
      ])
    ]
  ])
}

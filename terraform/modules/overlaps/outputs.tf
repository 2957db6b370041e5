output "pairs" {
  description = "Every pair of filters that can both match one event, by their keys: one and other."
  value       = local._pairs
}

output "texts" {
  description = "The same pairs as texts, for a message."
  value       = [for pair in local._pairs : "${pair.one} and ${pair.other}"]
}

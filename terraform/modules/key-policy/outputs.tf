output "statements" {
  description = "Statements for the key's policy, ready for jsonencode()."
  value       = local._statements
}

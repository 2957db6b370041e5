# Misspelt attributes of objects. Terraform drops attributes that a type does not have.
variable "given" {
  description = "The nested input as it was given, by the variable's name; {}: nothing is compared."
  type        = any
  default     = {}
  nullable    = false
}

locals {
  _strange = flatten([
    for place, words in local._words.given : [
      for word in setsubtract(words, local._words.known[place]) :
      { place = place, word = word, known = local._words.known[place] }
    ]
  ])

  # Pairs of neighbouring letters, by word.
  _pairs = {
    for word in distinct(flatten([
      for strange in local._strange : [strange.word, strange.known]
    ])) : word => [for i in range(max(length(word) - 1, 0)) : substr(word, i, 2)]
  }
  # How much of two words' pairs is common, in percent (Dice), the likest last.
  _likeness = [
    for strange in local._strange : sort([
      for known in strange.known : format("%03d %s", floor(
        200 * length(setintersection(local._pairs[strange.word], local._pairs[known]))
        / max(length(strange.word) + length(known) - 2, 1)
      ), known)
    ])
  ]
  _misspelt = [
    for i, strange in local._strange : join("", [
      "${strange.place} has no ${strange.word}",
      tonumber(split(" ", reverse(local._likeness[i])[0])[0]) >= 40
      ? ": did you mean ${split(" ", reverse(local._likeness[i])[0])[1]}?"
      : ": give one of ${join(", ", strange.known)}, or leave it out.",
    ])
  ]
}

output "spelling" {
  description = "Nothing; it is refused that an attribute is misspelt."
  value       = null

  precondition {
    condition     = length(local._misspelt) == 0
    error_message = join("\n", local._misspelt)
  }
}

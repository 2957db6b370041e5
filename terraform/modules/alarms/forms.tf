# The forms of what is refused in variables*.tf, where several modules check it.
module "forms" {
  source = "../forms"
}

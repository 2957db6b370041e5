# The forms that the rules of variables.tf compare with.
module "forms" {
  source = "../forms"
}

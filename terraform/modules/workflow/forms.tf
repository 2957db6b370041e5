# The forms that variables*.tf check and that several modules share.
module "forms" {
  source = "../forms"
}

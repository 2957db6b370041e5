terraform {
  required_version = ">= 1.9.0, != 1.15.0"
}

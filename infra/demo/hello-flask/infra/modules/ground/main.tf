# What every service of an environment stands on: created first, destroyed last, and then it ends whatever still runs.
# Terraform skips the destroy provisioner of a resource whose creation was interrupted; this one is never interrupted
# while a service runs, so no service is left behind.

variable "directory" {
  type        = string
  description = "The environment's own directory, absolute and writable."

  validation {
    condition     = startswith(var.directory, "/")
    error_message = "The directory must be an absolute path."
  }
}

resource "terraform_data" "ground" {
  input            = var.directory
  triggers_replace = [var.directory]

  provisioner "local-exec" {
    command = "exec /usr/bin/python3 -B \"$CONTROL\" open"
    environment = {
      CONTROL                         = abspath("${path.module}/../../services/control.py")
      QUIETGATE_ENVIRONMENT_DIRECTORY = var.directory
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "exec /usr/bin/python3 -B \"$CONTROL\" close"
    environment = {
      CONTROL                         = abspath("${path.module}/../../services/control.py")
      QUIETGATE_ENVIRONMENT_DIRECTORY = self.input
    }
  }
}

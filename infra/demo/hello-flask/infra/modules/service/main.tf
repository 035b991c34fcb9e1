# One service on this machine: started and awaited on create, ended on destroy.

variable "name" {
  type        = string
  description = "A service that infra/services/control.py knows."
}

variable "directory" {
  type        = string
  description = "The environment's own directory, absolute and writable."
}

variable "environment" {
  type        = map(string)
  description = "Environment variables of the service."
}

variable "restart_when" {
  type        = list(string)
  description = "The service is replaced when one of these changes. Only values known while planning."
}

resource "terraform_data" "service" {
  input            = { name = var.name, directory = var.directory }
  triggers_replace = concat([var.directory], var.restart_when)

  provisioner "local-exec" {
    command = "exec /usr/bin/python3 -B \"$CONTROL\" start \"$SERVICE\""
    environment = merge(var.environment, {
      CONTROL                         = abspath("${path.module}/../../services/control.py")
      SERVICE                         = var.name
      QUIETGATE_ENVIRONMENT_DIRECTORY = var.directory
    })
  }

  provisioner "local-exec" {
    when    = destroy
    command = "exec /usr/bin/python3 -B \"$CONTROL\" stop \"$SERVICE\""
    environment = {
      CONTROL                         = abspath("${path.module}/../../services/control.py")
      SERVICE                         = self.input.name
      QUIETGATE_ENVIRONMENT_DIRECTORY = self.input.directory
    }
  }
}

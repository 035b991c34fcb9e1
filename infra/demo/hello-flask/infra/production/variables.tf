variable "app_port" {
  type        = number
  description = "Loopback port of the service."
}

variable "stats_port" {
  type        = number
  description = "Loopback port of the application server's own state."
}

variable "exporter_port" {
  type        = number
  description = "Loopback port of the sidecar exporter."
}

variable "commit" {
  type        = string
  description = "The commit that is deployed; the service tells it to whoever asks."
}

variable "directory" {
  type        = string
  description = "The environment's own directory, absolute and writable."
}

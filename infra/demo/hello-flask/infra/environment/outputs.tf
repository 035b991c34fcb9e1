output "url" {
  value       = "http://127.0.0.1:${var.app_port}"
  description = "Where the service answers."
  depends_on  = [module.app]
}

output "prometheus_url" {
  value       = "http://127.0.0.1:${var.prometheus_port}"
  description = "The metrics server of this environment."
  depends_on  = [module.prometheus]
}

output "commit" {
  value = var.commit
}

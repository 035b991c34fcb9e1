output "url" {
  value       = "http://127.0.0.1:${var.app_port}"
  description = "Where the service answers."
  depends_on  = [module.app]
}

output "commit" {
  value = var.commit
}

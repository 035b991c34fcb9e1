# Production: the service and its exporter, updated in place. A new commit replaces the application only.

terraform {
  required_version = ">= 1.4"
  backend "local" {}
}

module "ground" {
  source    = "../modules/ground"
  directory = var.directory
}

module "app" {
  source       = "../modules/service"
  depends_on   = [module.ground]
  name         = "app"
  directory    = var.directory
  environment  = { APP_PORT = var.app_port, STATS_PORT = var.stats_port, APP_COMMIT = var.commit }
  restart_when = [var.commit, var.app_port, var.stats_port]
}

module "exporter" {
  source       = "../modules/service"
  depends_on   = [module.app]
  name         = "exporter"
  directory    = var.directory
  environment  = { EXPORTER_PORT = var.exporter_port, STATS_PORT = var.stats_port }
  restart_when = [var.exporter_port, var.stats_port, filesha256("${path.module}/../../app/exporter.py")]
}

# An ephemeral environment: the service, what measures it, and a Prometheus that judges it by the commit's own rules.

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

module "node" {
  source       = "../modules/service"
  depends_on   = [module.ground]
  name         = "node"
  directory    = var.directory
  environment  = { NODE_PORT = var.node_port }
  restart_when = [var.node_port]
}

locals {
  alerts = "${path.module}/../alerts"
}

# Its triggers name variables and files, never another service's attributes: an upgrade of the application must not
# replace Prometheus and lose the history.
module "prometheus" {
  source     = "../modules/service"
  depends_on = [module.app, module.exporter, module.node]
  name       = "prometheus"
  directory  = var.directory
  environment = {
    PROMETHEUS_PORT = var.prometheus_port
    EXPORTER_PORT   = var.exporter_port
    NODE_PORT       = var.node_port
  }
  restart_when = concat(
    [var.prometheus_port, var.exporter_port, var.node_port],
    [filesha256("${path.module}/../services/prometheus")],
    [for rules in sort(fileset(local.alerts, "*.rules.yml")) : filesha256("${local.alerts}/${rules}")],
  )
}

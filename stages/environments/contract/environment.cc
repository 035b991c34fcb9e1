#include "stages/environments/contract/environment.h"

#include <nlohmann/json.hpp>

#include "runner/base/files.h"
#include "runner/base/json.h"
#include "runner/ports/data_layout.h"

namespace quietgate {

namespace {

constexpr int descriptor_version = 2;
constexpr std::size_t max_descriptor_bytes = 16UL * 1024 * 1024;

std::vector<std::string> services_of(const EnvironmentDescriptor& environment, const EnvironmentFolder& folder) {
  const DataLayout layout(data_of_environment(folder.root));
  std::vector<std::string> places;
  for (const auto& service : environment.services) places.push_back(layout.place(service));
  return places;
}

// Of the attempt that makes it.
std::string steps_folder(const EnvironmentDescriptor& environment, const EnvironmentFolder& folder) {
  const DataLayout layout(data_of_environment(folder.root));
  return layout.step_folders(AttemptOwner{{environment.run, environment.stage, environment.attempt}}).back().path;
}

EnvironmentDescriptor from_json(const nlohmann::json& json) {
  EnvironmentDescriptor environment;
  environment.id = json.at("id");
  environment.run = parse_run_id(json.at("run").get<std::string>());
  environment.stage = json.at("stage");
  environment.attempt = json.at("attempt");
  environment.nonce = json.value("nonce", std::string());
  environment.provisioner = json.at("provisioner");
  environment.keep = json.at("keep");
  environment.commit = json.at("commit");
  environment.ports = json.at("ports").get<std::map<std::string, int>>();
  environment.environment = json.at("environment").get<std::map<std::string, std::string>>();
  environment.secrets = json.at("secrets").get<std::vector<std::string>>();
  for (const std::string place : json.at("services")) {
    auto service = service_at(environment.id, place);
    environment.services.push_back(service ? std::move(*service) : StepName{EnvironmentOwner{}, place});
  }
  if (json.contains("own")) environment.own = json_text(json["own"]);
  // Of Terraform's module, in version 1.
  if (const auto directory = json.value("directory", std::string()); !directory.empty())
    environment.own = json_text(nlohmann::json{{"directory", directory}, {"variables", json.at("variables")}});
  return environment;
}

}  // namespace

Result<void> save(const EnvironmentDescriptor& environment, const EnvironmentFolder& folder) {
  nlohmann::json json{{"version", descriptor_version},
                      {"id", environment.id},
                      {"run", to_string(environment.run)},
                      {"stage", environment.stage},
                      {"attempt", environment.attempt},
                      {"nonce", environment.nonce},
                      {"provisioner", environment.provisioner},
                      {"keep", environment.keep},
                      {"commit", environment.commit},
                      {"ports", environment.ports},
                      {"environment", environment.environment},
                      {"secrets", environment.secrets},
                      {"steps", {steps_folder(environment, folder)}},
                      {"services", services_of(environment, folder)}};
  if (!environment.own.empty()) json["own"] = nlohmann::json::parse(environment.own);
  auto text = json_text(json, 1) + "\n";
  return write_file_durably(folder.descriptor(), text, true);
}

Result<EnvironmentDescriptor> load_environment(const EnvironmentFolder& folder) {
  auto text = read_file_bounded(folder.descriptor(), max_descriptor_bytes);
  if (!text) return text.error();
  auto json = parse_json(*text);
  auto wrong = [&folder](const std::string& what) {
    return infrastructure_error(folder.descriptor() + " " + what,
                                "check the folder, end the processes that still run there, then remove it");
  };
  if (!json.is_object()) return wrong("is not JSON");
  const bool known = json.contains("version") && (json["version"] == 1 || json["version"] == descriptor_version);
  if (!known) return wrong("has an unknown version");
  try {
    auto environment = from_json(json);
    for (const auto& service : environment.services) {
      if (!check_name(service)) return wrong("names a service that is none: " + service.step);
    }
    return environment;
  } catch (const nlohmann::json::exception& problem) {
    return wrong(std::string("is broken: ") + problem.what());
  }
}

}  // namespace quietgate

// What an environment of processes is made of.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/base/time.h"
#include "runner/model/command.h"
#include "stages/environments/contract/provisioner_spec.h"

namespace quietgate {

struct ReadyCheck {
  std::string http;     // (template) URL that must answer 2xx
  std::string tcp;      // (template) host:port that must accept
  std::string command;  // (template) shell command that must exit 0
  Milliseconds within{30'000};
  std::vector<std::string> interpreter;  // of `command`, as in Command
  bool operator==(const ReadyCheck&) const = default;
};

struct ServiceSpec {
  std::string name;
  Command command;
  Environment environment;
  std::optional<ReadyCheck> ready;
  std::vector<std::string> needs;  // services that must be ready first
  bool operator==(const ServiceSpec&) const = default;
};

struct ProcessesSpec {
  std::vector<ServiceSpec> services;  // in start order (needs resolved)
  bool operator==(const ProcessesSpec&) const = default;
};

template <class A>
void fields(A& a, ReadyCheck& v) {
  a("http", v.http);
  a("tcp", v.tcp);
  a("command", v.command);
  if (!A::writes || !v.interpreter.empty()) a.later("interpreter", v.interpreter);
  a("within", v.within);
}
template <class A>
void fields(A& a, ServiceSpec& v) {
  a("name", v.name);
  a("command", v.command);
  a("environment", v.environment);
  a("ready", v.ready);
  a("needs", v.needs);
}
template <class A>
void fields(A& a, ProcessesSpec& v) {
  a("services", v.services);
}

ProvisionerSpec provisioner_of(const ProcessesSpec& spec);

}  // namespace quietgate

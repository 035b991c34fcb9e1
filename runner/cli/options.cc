#include "runner/cli/options.h"

#include <algorithm>

namespace quietgate {

Option& Option::required() {
  is_required = true;
  return *this;
}

Option& Option::environment(std::string name) {
  variable = std::move(name);
  return *this;
}

Option& Option::between(int least, int most) {
  range = {least, most};
  return *this;
}

Option& Option::one_of(std::vector<std::string> allowed) {
  words = std::move(allowed);
  return *this;
}

Option& Option::completes(ServiceName name) {
  completed_with = name;
  return *this;
}

std::vector<std::string> Option::all_names() const {
  std::vector<std::string> found;
  for (std::size_t at = 0; at <= names.size();) {
    const auto end = std::min(names.find(',', at), names.size());
    found.push_back(names.substr(at, end - at));
    at = end + 1;
  }
  std::stable_partition(found.begin(), found.end(), [](const std::string& name) { return !name.starts_with("--"); });
  return found;
}

Option& Options::add(std::string names, Option::Target target, std::string help) {
  Option option;
  option.names = std::move(names);
  option.help = std::move(help);
  option.target = target;
  return all_.emplace_back(std::move(option));
}

Option& Options::flag(std::string names, bool& value, std::string help) {
  return add(std::move(names), &value, std::move(help));
}

Option& Options::text(std::string names, std::string& value, std::string help) {
  return add(std::move(names), &value, std::move(help));
}

Option& Options::number(std::string names, int& value, std::string help) {
  return add(std::move(names), &value, std::move(help));
}

Option& Options::port(std::string names, std::uint16_t& value, std::string help) {
  return add(std::move(names), &value, std::move(help));
}

Option& Options::list(std::string names, std::vector<std::string>& values, std::string help) {
  return add(std::move(names), &values, std::move(help));
}

Option& Options::run(std::string& value) {
  return text("RUN", value, "hello/12, or hello for its newest").completes(ServiceName::run);
}

}  // namespace quietgate

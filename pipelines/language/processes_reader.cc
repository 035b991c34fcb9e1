#include <fmt/format.h>

#include <algorithm>

#include "pipelines/language/graph.h"
#include "pipelines/language/stage_reader.h"

namespace quietgate {

namespace {

constexpr std::size_t max_services = 100;

}  // namespace

ProcessesSpec BodyReader::processes(const Found& found) {
  std::vector<ServiceSpec> services;
  std::vector<Position> places;
  std::vector<std::string> names;
  MapReader map(values_, found, "`processes`");
  const std::string characters = std::string(letters_and_digits) + "_-";
  for (const Found& entry : map.entries(max_services)) {
    values_.is_name(entry, entry.name, letters, characters, 63, "a letter, then letters, digits, `_` or `-`");
    names.push_back(entry.name);
    places.push_back(entry.key_at);
    services.push_back(service(entry));
  }
  if (map.valid() && found.node->entries.empty()) values_.wrong(found, "`processes` is empty", "at least one service");

  std::vector<std::vector<std::size_t>> needs(services.size());
  for (std::size_t i = 0; i < services.size(); ++i) {
    for (const std::string& need : services[i].needs) {
      const auto named = std::find(names.begin(), names.end(), need);
      if (named != names.end()) {
        needs[i].push_back(static_cast<std::size_t>(named - names.begin()));
        continue;
      }
      values_.diagnostics().add(
          places[i], fmt::format("service `{}` needs `{}`, which is not a service of this stage", names[i], need),
          "one of " + joined(names), did_you_mean(need, names));
    }
  }
  const Ordering ordering = order_by_needs(needs);
  if (!ordering.cycle.empty()) {
    std::vector<std::string> circle;
    for (const std::size_t i : ordering.cycle) circle.push_back(names[i]);
    circle.push_back(circle.front());
    values_.diagnostics().add(places[ordering.cycle[0]],
                              "the services need each other in a circle: " + joined(circle, " -> "));
    return {};
  }
  ProcessesSpec spec;
  for (const std::size_t i : ordering.order) spec.services.push_back(std::move(services[i]));
  return spec;
}

}  // namespace quietgate

#include "stages/environments/contract/provisioner_codec.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "runner/model/verbatim.h"

namespace quietgate {

namespace {

constexpr const char* whole = "open";  // the key of one that has with it what is to know of it

// What older plans say by the name alone. As with kinds (runner/model/older_bodies.h), plans are still written so.
struct OlderProvisioner {
  std::string_view name;
  bool more_outputs;
};
constexpr std::array<OlderProvisioner, 2> older{{{"processes", false}, {"terraform", true}}};

const OlderProvisioner* find_older(const std::string& name) {
  const auto* found = std::find_if(older.begin(), older.end(), [&](const auto& each) { return each.name == name; });
  return found == older.end() ? nullptr : found;
}

}  // namespace

template <class A>
void fields(A& a, ProvisionerSpec& v) {
  Verbatim spec{v.json};
  a("name", v.name);
  a("spec", spec);
  a("more_outputs", v.more_outputs);
}

void Codec<ProvisionerSpec>::encode(std::string& out, const ProvisionerSpec& provisioner) {
  const auto* named = find_older(provisioner.name);
  const bool by_name = named != nullptr && named->more_outputs == provisioner.more_outputs;
  out += '{';
  add_json(out, by_name ? provisioner.name.c_str() : whole);
  out += ':';
  if (by_name) {
    out += provisioner.json;
  } else {
    Writer writer;
    fields(writer, const_cast<ProvisionerSpec&>(provisioner));  // a Writer only reads
    writer.finish(out);
  }
  out += '}';
}

void Codec<ProvisionerSpec>::decode(const JsonValue& json, ProvisionerSpec& provisioner) {
  if (!json.is(JsonTree::Kind::object) || json.extent == 1) throw FieldError("expected an object with a provisioner");
  const auto& spec = *json.begin();
  if (spec.key == whole) {
    Reader reader(spec);
    fields(reader, provisioner);
    return;
  }
  const auto* named = find_older(spec.key);
  if (named == nullptr) throw FieldError("unknown provisioner `" + spec.key + "`");
  Verbatim text{provisioner.json};
  Codec<Verbatim>::decode(spec, text);
  provisioner.name = spec.key;
  provisioner.more_outputs = named->more_outputs;
}

}  // namespace quietgate

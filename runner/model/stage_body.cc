#include "runner/model/stage_body.h"

#include <algorithm>
#include <utility>

#include "runner/model/older_bodies.h"
#include "runner/model/plan_fields.h"
#include "runner/model/verbatim.h"

namespace quietgate {

template <class A>
void fields(A& a, StageTraits& v) {
  a.later("takes_slot", v.takes_slot);
  a.later("runs_in_tree", v.runs_in_tree);
  a.later("makes_environment", v.makes_environment);
  a.later("keeps_environment", v.keeps_environment);
  a.later("promotes", v.promotes);
  a.later("loads", v.loads);
  a.later("leaves_window", v.leaves_window);
  a.later("tests", v.tests);
  a.later("may_keep_artifacts", v.may_keep_artifacts);
  a.later("keeps_artifacts", v.keeps_artifacts);
  a.later("waits_for_person", v.waits_for_person);
  if (!A::writes || v.resolves_rest) a.later("resolves_rest", v.resolves_rest);
}
template <class A>
void fields(A& a, StageRelations& v) {
  if (!A::writes || !v.gate_at.empty()) a.later("gate_at", v.gate_at);
  if (!A::writes || v.watches.count() > 0) a.later("watches", v.watches);
  if (!A::writes || !v.window_of.empty()) a.later("window_of", v.window_of);
  if (!A::writes || v.window) a.later("window", v.window);
  if (!A::writes || v.window_before) a.later("window_before", v.window_before);
  Verbatim in_rollback{v.in_rollback};
  if (!A::writes || !v.in_rollback.empty()) a.later("in_rollback", in_rollback);
  if (!A::writes || !v.as_is.empty()) a.later("as_is", v.as_is);
}

namespace {

// The gate below the keys, one below the other; nullptr: there is none.
const JsonValue* gate_in(const JsonValue& spec, const std::string& keys) {
  const auto* at = &spec;
  for (std::size_t from = 0; at != nullptr && from < keys.size();) {
    const auto end = std::min(keys.find('/', from), keys.size());
    at = at->find(keys.substr(from, end - from).c_str());
    from = end + 1;
  }
  return at == nullptr || at == &spec || at->is(JsonTree::Kind::null) ? nullptr : at;
}

std::shared_ptr<const GateSpec> read_gate_of(const JsonValue& spec, const std::string& keys) {
  const auto* found = keys.empty() ? nullptr : gate_in(spec, keys);
  if (found == nullptr) return nullptr;
  auto gate = std::make_shared<GateSpec>();
  decode(*found, *gate);
  return gate;
}

// The spec with `during` of the gate below the keys.
std::string with_during(const JsonValue& spec, const std::string& keys, const std::string& during) {
  if (keys.empty()) return json_with(spec, {{"during", during}});
  const auto end = std::min(keys.find('/'), keys.size());
  const auto* below = spec.find(keys.substr(0, end).c_str());
  const auto rest = end == keys.size() ? std::string() : keys.substr(end + 1);
  return json_with(spec, {{keys.substr(0, end), with_during(*below, rest, during)}});
}

}  // namespace

StageBody::StageBody(std::string kind, std::string spec, StageTraits traits, StageRelations relations)
    : kind_(std::move(kind)), spec_(std::move(spec)), traits_(traits), relations_(std::move(relations)) {
  const JsonTree tree(spec_);
  if (!tree.root().is(JsonTree::Kind::object)) throw FieldError("expected an object");
  gate_ = read_gate_of(tree.root(), relations_.gate_at);
  const auto older = older_body(kind_, tree.root());
  older_ = older.known && older.traits == traits_ && older.relations == relations_;
}

void StageBody::read_gate() {
  if (gate_ != nullptr) gate_ = read_gate_of(JsonTree(spec_).root(), relations_.gate_at);
}

void StageBody::each_template(const std::function<void(std::string&)>& f) {
  auto as_is = relations_.as_is;
  if (gate_ != nullptr) as_is.emplace_back("waivers");
  const JsonTree tree(spec_);
  auto changed = json_of(tree.root(), f, as_is);
  if (changed == spec_) return;
  spec_ = std::move(changed);
  read_gate();
}

void StageBody::judge_windows(const std::vector<std::string>& stages) {
  if (gate_ == nullptr || gate_->during == stages) return;
  const JsonTree tree(spec_);
  spec_ = with_during(tree.root(), relations_.gate_at, encoded(stages));
  read_gate();
}

StageBody StageBody::in_rollback(const std::string& branch, const std::string& from) const {
  if (relations_.in_rollback.empty()) return *this;
  auto spec = relations_.in_rollback;
  if (traits_.promotes)
    spec = json_with(JsonTree(spec).root(), {{"branch", encoded(branch)}, {"back_from", encoded(from)}});
  auto relations = relations_;
  relations.in_rollback.clear();
  relations.watches = Milliseconds{0};
  return {kind_, std::move(spec), traits_, std::move(relations)};
}

bool StageBody::operator==(const StageBody& other) const {
  return kind_ == other.kind_ && spec_ == other.spec_ && traits_ == other.traits_ && relations_ == other.relations_;
}

namespace {

constexpr const char* whole = "open";  // the key of a body that has its traits with it

struct WholeBody {
  std::string& kind;
  std::string& spec;
  StageTraits& traits;
  StageRelations& relations;
};
template <class A>
void fields(A& a, WholeBody& v) {
  Verbatim spec{v.spec};
  a("kind", v.kind);
  a("spec", spec);
  a("traits", v.traits);
  if (!A::writes || v.relations != StageRelations{}) a.later("relations", v.relations);
}

}  // namespace

// An object with one key: the name of the kind, or `open`.
void Codec<StageBody>::encode(std::string& out, const StageBody& value) {
  auto& body = const_cast<StageBody&>(value);  // a Writer only reads
  out += '{';
  add_json(out, value.older_ ? value.kind_.c_str() : whole);
  out += ':';
  if (value.older_)
    out += value.spec_;
  else
    quietgate::encode(out, WholeBody{body.kind_, body.spec_, body.traits_, body.relations_});
  out += '}';
}

void Codec<StageBody>::decode(const JsonValue& json, StageBody& body) {
  if (!json.is(JsonTree::Kind::object) || json.extent == 1) throw FieldError("expected an object with a kind");
  const auto& spec = *json.begin();
  if (spec.key == whole) {
    WholeBody read{body.kind_, body.spec_, body.traits_, body.relations_};
    quietgate::decode(spec, read);
    body = StageBody(body.kind_, body.spec_, body.traits_, body.relations_);
    return;
  }
  auto older = older_body(spec.key, spec);
  if (!older.known) throw FieldError("unknown kind of stages `" + spec.key + "`");
  Verbatim text{body.spec_};
  Codec<Verbatim>::decode(spec, text);
  body.kind_ = spec.key;
  body.traits_ = older.traits;
  body.relations_ = std::move(older.relations);
  body.gate_ = read_gate_of(spec, body.relations_.gate_at);
  body.older_ = true;
}

}  // namespace quietgate

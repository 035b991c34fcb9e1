// What a stage is to do: the spec of its kind, which only the kind reads, and what everybody may ask of it.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runner/model/gate_spec.h"
#include "runner/model/stage_relations.h"
#include "runner/model/stage_traits.h"

namespace quietgate {

template <class T>
struct Codec;

class StageBody {
 public:
  StageBody() = default;  // of no kind
  // `spec` is a JSON object, canonical: one line, keys in order. Every text in it is (template), but for what
  // `relations.as_is` names and the reasons of a gate's waivers. Throws std::exception when it is none, or its gate no
  // gate.
  StageBody(std::string kind, std::string spec, StageTraits traits, StageRelations relations = {});
  // A kind's own struct stands for its body: the kind has a `StageBody body_of(const Spec&)`.
  template <class Spec>
  requires requires(const Spec& spec) {
    { body_of(spec) } -> std::same_as<StageBody>;
  }
  StageBody(const Spec& spec) : StageBody(body_of(spec)) {}  // NOLINT

  const std::string& kind() const { return kind_; }  // its name, as in the file
  const std::string& spec() const { return spec_; }
  const StageTraits& traits() const { return traits_; }
  const StageRelations& relations() const { return relations_; }
  const GateSpec* gate() const { return gate_.get(); }  // nullptr: it has none. As long as the body, or a copy of it

  // With each (template) of the spec as `f` leaves it.
  void each_template(const std::function<void(std::string&)>& f);
  // With these stages as `during` of its gate.
  void judge_windows(const std::vector<std::string>& stages);
  // As it is in a rollback of `branch` from the commit `from`.
  StageBody in_rollback(const std::string& branch, const std::string& from) const;

  bool operator==(const StageBody& other) const;

 private:
  friend struct Codec<StageBody>;
  void read_gate();

  std::string kind_;
  std::string spec_ = "{}";
  StageTraits traits_;
  StageRelations relations_;
  std::shared_ptr<const GateSpec> gate_;  // of the spec
  bool older_ = false;                    // what the plans of before traits stood in them say of it (older_bodies.h)
};

// The spec as the kind's own struct. Throws std::exception when it is not one of these: a newer version may have
// written it. Each kind instantiates it in its folder (runner/model/spec_codec.h).
template <class Spec>
Spec spec_of(const StageBody& body);

}  // namespace quietgate

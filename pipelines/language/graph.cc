#include "pipelines/language/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <map>
#include <set>

#include "pipelines/language/stage_kind.h"

namespace quietgate {

namespace {

// A run looks at all of them whenever one of its stages ends.
constexpr std::size_t max_needs = 20'000;

class Graph {
 public:
  Graph(std::vector<StageDraft> drafts, const StageKinds& kinds, Budget& budget, Diagnostics& diagnostics)
      : drafts_(std::move(drafts)), kinds_(kinds), budget_(budget), diagnostics_(diagnostics) {
    std::set<std::string> bases;
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      auto& named = by_name_[drafts_[i].spec.name];
      if (!named.empty() && drafts_[i].spec.name != drafts_[i].base)
        diagnostics_.add(drafts_[i].at,
                         fmt::format("two combinations of the matrix are named `{}`", drafts_[i].spec.name), {},
                         "in names every character but letters, digits, `_` and `-` becomes `-`");
      named.push_back(i);
      if (drafts_[i].base != drafts_[i].spec.name) by_name_[drafts_[i].base].push_back(i);
      if (bases.insert(drafts_[i].base).second) names_.push_back(drafts_[i].base);
    }
  }

  std::vector<StageSpec> ordered(OrderRule order, const Habits& habits) {
    find_needs();
    const Ordering ordering = order_by_needs(needs_);
    if (!ordering.cycle.empty()) {
      report(ordering.cycle);
      return {};
    }
    find_ancestors(ordering.order);
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      for (const StageReference& reference : drafts_[i].references) check(i, reference);
      widen_gate(i);
      if (order == OrderRule::enforced) check_order(i);
    }
    if (!habits.hands_on) warn_of_trees();
    std::vector<StageSpec> out;
    for (const std::size_t i : ordering.order) out.push_back(std::move(drafts_[i].spec));
    return out;
  }

 private:
  void find_needs() {
    needs_.resize(drafts_.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      std::set<std::size_t> all;
      for (const NeedAt& need : drafts_[i].needs) {
        const auto found = by_name_.find(need.name);
        if (found == by_name_.end()) {
          diagnostics_.add(need.at, fmt::format("there is no stage `{}`", need.name), "one of " + joined(names_),
                           did_you_mean(need.name, names_));
          continue;
        }
        all.insert(found->second.begin(), found->second.end());
        for (const std::size_t stage : found->second) budget_.charge(need.at, 1, drafts_[stage].spec.name.size());
        count += found->second.size();
        if (count > max_needs) {
          diagnostics_.add(need.at, "up to here the stages have more than 20,000 needs, with matrices expanded", {},
                           "let one stage need all of them, and the others need that one");
          throw ReadingEnded{};
        }
      }
      needs_[i].assign(all.begin(), all.end());
      for (const std::size_t need : needs_[i]) drafts_[i].spec.needs.push_back(drafts_[need].spec.name);
    }
  }

  void report(const std::vector<std::size_t>& cycle) {
    std::vector<std::string> names;
    for (const std::size_t i : cycle) names.push_back(drafts_[i].base);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    names.push_back(drafts_[cycle[0]].base);
    // Point at the need that leads to the next stage of the cycle.
    Position at = drafts_[cycle[0]].at;
    const StageDraft& next = drafts_[cycle[cycle.size() > 1 ? 1 : 0]];
    for (const NeedAt& need : drafts_[cycle[0]].needs) {
      if (need.name == next.base || need.name == next.spec.name) at = need.at;
    }
    diagnostics_.add(at, cycle.size() == 1 ? fmt::format("stage `{}` needs itself", names[0])
                                           : "the stages need each other in a cycle: " + joined(names, " -> "));
  }

  void find_ancestors(const std::vector<std::size_t>& order) {
    ancestors_.resize(drafts_.size());
    for (const std::size_t i : order) {
      for (const std::size_t need : needs_[i]) {
        ancestors_[i][need] = true;
        ancestors_[i] |= ancestors_[need];
      }
    }
  }

  Position place(const StageReference& reference) const {
    if (!reference.node) return reference.at;
    return position_in(diagnostics_.source(), *reference.node, reference.offset, reference.length);
  }

  // The stages that a mention names, if it names any that stage `user` may know of.
  const std::vector<std::size_t>* known_to(std::size_t user, const std::string& name, const StageReference& reference) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
      diagnostics_.add(place(reference), fmt::format("there is no stage `{}`", name), "one of " + joined(names_),
                       did_you_mean(name, names_));
      return nullptr;
    }
    for (const std::size_t i : found->second) {
      if (ancestors_[user][i]) continue;
      const std::string& self = drafts_[user].base;
      if (i == user || name == self) {
        diagnostics_.add(place(reference), fmt::format("stage `{}` can't use its own results", self));
      } else {
        diagnostics_.add(place(reference), fmt::format("stage `{}` does not wait for `{}`", self, name), {},
                         fmt::format("add `{}` to the `needs` of `{}`", name, self));
      }
      return nullptr;
    }
    return &found->second;
  }

  void check(std::size_t user, const StageReference& reference) {
    if (reference.kind == StageReference::Kind::expression) return check_expression(user, reference);
    const auto* stages = known_to(user, reference.name, reference);
    if (!stages) return;
    if (reference.kind == StageReference::Kind::artifacts) return give_artifacts(user, reference, *stages);
    if (reference.kind == StageReference::Kind::one_window && stages->size() > 1)
      return ambiguous(reference.name, reference, *stages);
    const StageBody& body = drafts_[stages->front()].spec.body;
    if (traits_of(body).leaves_window) return;
    diagnostics_.add(
        place(reference),
        fmt::format("stage `{}` is of kind `{}`, which has no time span to judge", reference.name, kind_of(body)),
        kinds_with(&StageOffers::window));
  }

  void give_artifacts(std::size_t user, const StageReference& reference, const std::vector<std::size_t>& stages) {
    const StageSpec& giver = drafts_[stages.front()].spec;
    const StageTraits traits = traits_of(giver);
    if (!traits.may_keep_artifacts) {
      diagnostics_.add(
          reference.at,
          fmt::format("stage `{}` is of kind `{}`, which keeps no artifacts", reference.name, kind_of(giver.body)),
          kinds_with(&StageOffers::artifacts) + " with `artifacts`");
    } else if (!traits.keeps_artifacts) {
      diagnostics_.add(
          place(reference), fmt::format("stage `{}` keeps no artifacts", reference.name), {},
          fmt::format("name the files in `artifacts` of its `{}`, such as [out/app]", kind_of(giver.body)));
    }
    auto& from = drafts_[user].spec.from;
    for (const std::size_t i : stages) {
      const std::string& name = drafts_[i].spec.name;
      budget_.charge(reference.at, 1, name.size());
      if (std::find(from.begin(), from.end(), name) == from.end()) from.push_back(name);
    }
  }

  void ambiguous(const std::string& name, const StageReference& reference, const std::vector<std::size_t>& stages) {
    std::vector<std::string> choices;
    for (const std::size_t i : stages) choices.push_back(drafts_[i].spec.name);
    diagnostics_.add(place(reference), fmt::format("stage `{}` has a matrix, so `{}` is several stages", name, name),
                     "one of " + joined(choices));
  }

  void check_expression(std::size_t user, const StageReference& reference) {
    const std::string rest = reference.name.substr(std::string_view("stages.").size());
    const std::size_t outputs = rest.rfind(".outputs.");
    const bool outcome = outputs == std::string::npos && rest.ends_with(".outcome");
    if (!outcome && (outputs == std::string::npos || rest.find('.', outputs + 9) != std::string::npos)) {
      diagnostics_.add(place(reference), fmt::format("a stage has no value `{}`", reference.name),
                       "stages.NAME.outputs.KEY or stages.NAME.outcome");
      return;
    }
    const std::string name = rest.substr(0, outcome ? rest.size() - 8 : outputs);
    const auto* stages = known_to(user, name, reference);
    if (!stages) return;
    if (stages->size() > 1) return ambiguous(name, reference, *stages);
    if (!outcome) check_output(drafts_[stages->front()], rest.substr(outputs + 9), reference);
  }

  void check_output(const StageDraft& stage, const std::string& key, const StageReference& reference) {
    const auto& name = stage.spec.name;
    if (!stage.outputs) {
      diagnostics_.add(place(reference),
                       fmt::format("stage `{}` is of kind `{}`, which has no outputs", name, kind_of(stage.spec.body)),
                       kinds_with(&StageOffers::outputs));
      return;
    }
    const auto& keys = stage.outputs->keys;
    if (stage.outputs->more || std::find(keys.begin(), keys.end(), key) != keys.end()) return;
    diagnostics_.add(place(reference), fmt::format("stage `{}` has no output `{}`", name, key),
                     keys.empty() ? "an output declared in its `outputs:`" : "one of " + joined(keys),
                     did_you_mean(key, keys));
  }

  void widen_gate(std::size_t user) {
    const auto* gate = gate_of(drafts_[user].spec);
    if (gate == nullptr) return;
    std::vector<std::string> all;
    for (const std::string& name : gate->during) {
      const auto found = by_name_.find(name);
      if (found == by_name_.end()) continue;
      for (const std::size_t i : found->second) {
        budget_.charge(drafts_[user].at, 1, drafts_[i].spec.name.size());
        all.push_back(drafts_[i].spec.name);
      }
    }
    drafts_[user].spec.body.judge_windows(all);
  }

  // Nothing is promoted or deployed to stay before every test and verify stage has passed that does not come after it.
  void check_order(std::size_t user) {
    StageDraft& draft = drafts_[user];
    const std::string act = act_of(draft.spec);
    if (act.empty()) return;
    draft.spec.waives_order = draft.needs_nothing;
    if (draft.needs_nothing)
      return diagnostics_.warn(
          draft.at, fmt::format("stage `{}` {} without waiting for any test: its `needs` is `[]`", draft.base, act));
    std::vector<std::size_t> missed;
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      const bool apart = i != user && !ancestors_[user][i] && !ancestors_[i][user];
      if (apart && traits_of(drafts_[i].spec).tests) missed.push_back(i);
    }
    const std::string stages = shortened(written_names(missed));
    // To wait for the last of them is to wait for those that come before it.
    std::vector<std::size_t> last;
    for (const std::size_t i : missed) {
      if (std::none_of(missed.begin(), missed.end(), [&](std::size_t other) { return ancestors_[other][i]; }))
        last.push_back(i);
    }
    const std::string remedy = joined(written_names(last));
    if (draft.needs.empty()) {
      diagnostics_.add(
          draft.at,
          fmt::format("stage `{}` needs nothing: it {} at once{}{}", draft.base, act, missed.empty() ? "" : ", beside ",
                      stages),
          missed.empty() ? "`needs:` with the stages that must pass before it" : fmt::format("`needs: [{}]`", remedy),
          "write `needs: []` if it should wait for nothing");
    } else if (!missed.empty()) {
      diagnostics_.add(draft.at, fmt::format("stage `{}` {} without waiting for {}", draft.base, act, stages),
                       fmt::format("every {} stage that does not need it to come before it",
                                   fmt::join(kinds_that(&StageOffers::tests), " and ")),
                       fmt::format("add {} to the `needs` of `{}`", remedy, draft.base));
    }
  }

  // Once: where a test comes after a test, and neither names what it makes or takes.
  void warn_of_trees() {
    const auto is_test = [&](std::size_t i) { return traits_of(drafts_[i].spec).may_keep_artifacts; };
    for (std::size_t user = 0; user < drafts_.size(); ++user) {
      for (std::size_t i = 0; is_test(user) && i < drafts_.size(); ++i) {
        if (!ancestors_[user][i] || !is_test(i)) continue;
        return diagnostics_.warn(
            drafts_[user].at,
            fmt::format("stage `{}` does not see files that `{}` makes: each stage has its own tree",
                        drafts_[user].base, drafts_[i].base),
            fmt::format("keep the files with `artifacts` in `{}`, and receive them with `from` in `{}`",
                        drafts_[i].base, drafts_[user].base));
      }
    }
  }

  static std::string act_of(const StageSpec& stage) {
    const StageTraits traits = traits_of(stage);
    if (traits.promotes) return "promotes";
    return traits.keeps_environment ? "deploys" : "";
  }

  // As the file has them, each once.
  std::vector<std::string> written_names(const std::vector<std::size_t>& stages) const {
    std::vector<std::string> names;
    for (const std::size_t i : stages) {
      if (names.empty() || names.back() != drafts_[i].base) names.push_back(drafts_[i].base);
    }
    return names;
  }

  // For what is expected: the kinds that can give it.
  std::vector<std::string> kinds_that(bool StageOffers::*offer) const {
    std::vector<std::string> names;
    for (const StageKindDescriptor& kind : kinds_) {
      if (kind.offers.*offer) names.push_back(kind.name);
    }
    return names;
  }
  std::string kinds_with(bool StageOffers::*offer) const {
    return fmt::format("a stage of kind {}", fmt::join(kinds_that(offer), " or "));
  }

  std::vector<StageDraft> drafts_;
  const StageKinds& kinds_;
  Budget& budget_;
  Diagnostics& diagnostics_;
  std::map<std::string, std::vector<std::size_t>> by_name_;  // a base name has all its expansions
  std::vector<std::string> names_;
  std::vector<std::vector<std::size_t>> needs_;
  std::vector<std::bitset<max_expanded_stages>> ancestors_;
};

}  // namespace

Ordering order_by_needs(const std::vector<std::vector<std::size_t>>& needs) {
  Ordering out;
  std::vector<bool> done(needs.size());
  const auto ready = [&](std::size_t i) {
    return std::all_of(needs[i].begin(), needs[i].end(), [&](std::size_t need) { return done[need]; });
  };
  while (out.order.size() < needs.size()) {
    const std::size_t before = out.order.size();
    for (std::size_t i = 0; i < needs.size(); ++i) {
      if (done[i] || !ready(i)) continue;
      done[i] = true;
      out.order.push_back(i);
    }
    if (out.order.size() != before) continue;
    // Everything that is left waits: following unmet needs must come back to where it was.
    std::vector<std::size_t> path{static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin())};
    while (true) {
      const auto& open = needs[path.back()];
      const std::size_t next = *std::find_if(open.begin(), open.end(), [&](std::size_t need) { return !done[need]; });
      const auto seen = std::find(path.begin(), path.end(), next);
      if (seen != path.end()) {
        out.cycle.assign(seen, path.end());
        return out;
      }
      path.push_back(next);
    }
  }
  return out;
}

std::vector<StageSpec> order_stages(std::vector<StageDraft> drafts, OrderRule order, const Scope& scope,
                                    Diagnostics& diagnostics) {
  return Graph(std::move(drafts), *scope.kinds, *scope.budget, diagnostics).ordered(order, *scope.habits);
}

}  // namespace quietgate

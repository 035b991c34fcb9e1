// Steps that never run: a script decides what each does, and every spec is kept for the test to look at.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runner/ports/step_executor.h"

namespace quietgate {

inline StepExit exited(int code, Milliseconds took = Milliseconds{0}) {
  StepExit exit;
  exit.code = code;
  exit.ended = exit.started + took;
  return exit;
}

class FakeSteps : public StepExecutor {
 public:
  std::function<Result<StepExit>(const StepSpec&)> script = [](const StepSpec&) { return exited(0); };
  std::function<bool(const StepSpec&)> lasts = [](const StepSpec&) { return false; };  // until it is ended
  std::vector<StepSpec> ran, started;
  std::vector<StepName> ended;
  std::map<StepName, StepExit> exits;  // recorded, or set by the test to end a service
  std::map<StepText, std::string> texts;

  // What a step says, where it says it.
  void print(const StepSpec& spec, std::string text) {
    for (const auto& secret : spec.secrets) {
      for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret))
        text.replace(at, secret.size(), "***");
    }
    texts[spec.output.value_or(spec.log)] += text;
  }

  Task<Result<StepExit>> run(StepSpec spec, Stop& stop) override {
    if (auto sound = check_name(spec.name); !sound) co_return sound.error();
    stop.throw_if_requested();
    if (auto known = exits.find(spec.name); known != exits.end()) co_return known->second;
    const bool adopted = alive_.contains(spec.name);
    if (!adopted) ran.push_back(spec);
    forgotten_.erase(spec.name);
    if (adopted || lasts(spec)) {
      alive_.insert(spec.name);
      co_await await_end(spec.name, stop);
      co_return exits.at(spec.name);
    }
    auto exit = script(spec);
    if (exit) exits[spec.name] = *exit;
    co_return exit;
  }
  Task<Result<void>> start(StepSpec spec, Stop& stop) override {
    if (auto sound = check_name(spec.name); !sound) co_return sound.error();
    stop.throw_if_requested();
    if (!exits.contains(spec.name) && alive_.insert(spec.name).second) started.push_back(spec);
    co_return Result<void>();
  }
  Result<std::optional<StepExit>> status(const StepName& name) override {
    if (auto sound = check_name(name); !sound) return sound.error();
    if (auto known = exits.find(name); known != exits.end()) return std::optional<StepExit>(known->second);
    if (!alive_.contains(name)) return infrastructure_error("no step was begun as " + to_string(name));
    return std::optional<StepExit>();
  }
  Task<Result<void>> end(StepName name, Stop& stop) override {
    if (auto sound = check_name(name); !sound) co_return sound.error();
    stop.throw_if_requested();
    ended.push_back(name);
    if (alive_.contains(name)) exits.emplace(name, exited(0));
    if (changed_) changed_->ring();
    co_return Result<void>();
  }
  Result<std::vector<StepName>> steps(const StepOwner& owner) override {
    if (auto sound = check_name(owner); !sound) return sound.error();
    std::set<StepName> names;
    for (const auto* all : {&ran, &started}) {
      for (const auto& spec : *all) {
        if (spec.name.owner == owner && !forgotten_.contains(spec.name)) names.insert(spec.name);
      }
    }
    return std::vector<StepName>(names.begin(), names.end());
  }
  void forget(const StepName& name) override {
    forgotten_.insert(name);
    exits.erase(name);
    texts.erase(output_of(name));
    texts.erase(log_of(name));
  }
  std::string read(const StepText& text, std::int64_t from, std::size_t most) override {
    const auto& whole = texts[text];
    const auto size = static_cast<std::int64_t>(whole.size());
    const auto begin = from < 0 ? std::max<std::int64_t>(size + from, 0) : std::min(from, size);
    return whole.substr(static_cast<std::size_t>(begin), most);
  }

 private:
  Task<void> await_end(StepName name, Stop& stop) {
    auto executor = co_await boost::asio::this_coro::executor;
    if (!changed_) changed_ = std::make_unique<Bell>(executor);
    try {
      while (!exits.contains(name)) co_await changed_->wait(changed_->rings(), stop);
    } catch (const Stopped& why) {
      if (why.reason == StopReason::shutdown) throw;
      StepExit exit;
      exit.how = StepExit::How::signalled;
      exit.code = SIGTERM;
      exits.emplace(name, exit);
      throw;
    }
  }
  std::set<StepName> alive_, forgotten_;
  std::unique_ptr<Bell> changed_;
};

}  // namespace quietgate

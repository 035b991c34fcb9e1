#include "tests/simulation/sim_steps.h"

#include <algorithm>

namespace quietgate {

namespace {

struct Script {
  Milliseconds takes{0};
  int code = 0;
};

Script script_of(const std::string& command) {
  Script script;
  const auto at = command.find("sim ");
  if (at == std::string::npos) return script;
  script.takes = Milliseconds{std::stoll(command.substr(at + 4)) * 1000};
  script.code = command.find("fails") == std::string::npos ? 0 : 1;
  return script;
}

}  // namespace

void SimMachine::forge(const StepName& name) {
  auto& leader = leaders_[name];
  leader.nonce = "somebody's";
  leader.exit.emplace();
  world_.trace("somebody", "writes that {} has ended well", to_string(name));
}

void SimMachine::start(const StepName& name, const std::string& nonce, const std::string& command) {
  auto& leader = leaders_[name];
  leader.nonce = nonce;
  leader.exit.reset();
  leader.started = world_.now();
  ++leader.executions;
  ++leader.life;
  world_.trace("leader", "{} begins: {}", to_string(name), command);
  started(name);
  const auto script = script_of(command);
  auto over = [this, name, life = leader.life, code = script.code] {
    if (leaders_.at(name).life == life) end(name, StepExit::How::exited, code, {});
  };
  world_.after(script.takes + world_.dice.span(Milliseconds{1}, Milliseconds{50}), over);
}

void SimMachine::end(const StepName& name, StepExit::How how, int code, const std::string& detail) {
  auto found = leaders_.find(name);
  if (found == leaders_.end() || found->second.exit) return;
  StepExit exit;
  exit.how = how;
  exit.code = code;
  exit.detail = detail;
  exit.started = found->second.started;
  exit.ended = world_.now();
  found->second.exit = exit;
  world_.trace("leader", "{} ends: {}", to_string(name), describe(exit));
  if (changed) changed();
}

const SimMachine::Leader* SimMachine::find(const StepName& name) const {
  auto found = leaders_.find(name);
  return found == leaders_.end() ? nullptr : &found->second;
}

std::vector<StepName> SimMachine::alive(const Which& which) const {
  std::vector<StepName> found;
  for (const auto& [name, leader] : leaders_) {
    if (!leader.exit && which(name)) found.push_back(name);
  }
  return found;
}

std::vector<StepName> SimMachine::all(const StepOwner& owner) const {
  std::vector<StepName> found;
  for (const auto& [name, leader] : leaders_) {
    if (name.owner == owner) found.push_back(name);
  }
  return found;
}

int SimMachine::executions(const StepName& name) const {
  const auto* leader = find(name);
  return leader == nullptr ? 0 : leader->executions;
}

SimSteps::SimSteps(World& world, SimClock& clock, SimMachine& machine, Executor executor)
    : world_(world), clock_(clock), machine_(machine), changed_(std::move(executor)) {
  machine_.changed = [this] { changed_.ring(); };
}

Task<Result<void>> SimSteps::begin(StepSpec spec, Stop& stop) {
  if (auto sound = check_name(spec.name); !sound) co_return sound.error();
  co_await clock_.sleep(world_.dice.span(Milliseconds(0), Milliseconds(10)), stop);
  if (machine_.find(spec.name) == nullptr && world_.fault(world_.faults.foreign_record)) machine_.forge(spec.name);
  const auto* known = machine_.find(spec.name);
  if (known != nullptr && known->nonce != spec.nonce && world_.planted != Planted::believed_record) {
    machine_.forget(spec.name);
    known = nullptr;
  }
  const bool again = world_.planted == Planted::twice_started && known != nullptr && !known->exit;
  if (known != nullptr && !again) co_return Result<void>{};
  if (world_.disk_full || world_.fault(world_.faults.spawn_fails))
    co_return infrastructure_error("a leader could not be started: no memory, or no space");
  std::string command;
  for (const auto& word : spec.argv) command += (command.empty() ? "" : " ") + word;
  machine_.start(spec.name, spec.nonce, command);
  co_return Result<void>{};
}

Task<void> SimSteps::await_end(StepName name, Stop& stop) {
  for (;;) {
    const auto seen = changed_.rings();
    if (machine_.find(name)->exit) co_return;
    co_await changed_.wait(seen, stop);
  }
}

void SimSteps::order_end(const StepName& name, Milliseconds grace) {
  if (world_.planted == Planted::unended_step) return;
  const auto* leader = machine_.find(name);
  if (leader == nullptr || leader->exit) return;
  const bool obeys = world_.dice.chance(0.8);
  auto takes = grace;
  if (obeys) takes = std::min(grace, world_.dice.span(Milliseconds{1}, Milliseconds{2'000}));
  world_.after(takes, [machine = &machine_, name, life = leader->life, obeys] {
    const auto* now = machine->find(name);
    if (now->life == life) machine->end(name, StepExit::How::signalled, obeys ? SIGTERM : SIGKILL, {});
  });
}

Task<Result<StepExit>> SimSteps::run(StepSpec spec, Stop& stop) {
  std::optional<Stopped> stopped;
  try {
    auto begun = co_await begin(spec, stop);
    if (!begun) co_return begun.error();
    co_await await_end(spec.name, stop);
  } catch (const Stopped& why) {
    stopped = why;
  }
  if (stopped && stopped->reason != StopReason::shutdown && machine_.find(spec.name) != nullptr) {
    order_end(spec.name, spec.grace);
    Stop never;
    if (world_.planted != Planted::unended_step) co_await await_end(spec.name, never);
  }
  if (stopped) throw *stopped;
  co_return *machine_.find(spec.name)->exit;
}

Task<Result<void>> SimSteps::start(StepSpec spec, Stop& stop) {
  co_return co_await begin(std::move(spec), stop);
}

Result<std::optional<StepExit>> SimSteps::status(const StepName& name) {
  if (auto sound = check_name(name); !sound) return sound.error();
  const auto* leader = machine_.find(name);
  if (leader == nullptr) return infrastructure_error("no step was begun as " + to_string(name));
  return leader->exit;
}

Result<std::vector<StepName>> SimSteps::steps(const StepOwner& owner) {
  if (auto sound = check_name(owner); !sound) return sound.error();
  return machine_.all(owner);
}

Task<Result<void>> SimSteps::end(StepName name, Stop& stop) {
  if (auto sound = check_name(name); !sound) co_return sound.error();
  co_await clock_.sleep(world_.dice.span(Milliseconds(0), Milliseconds(10)), stop);
  const auto* leader = machine_.find(name);
  if (leader == nullptr || leader->exit || world_.planted == Planted::unended_step) co_return Result<void>{};
  order_end(name, Milliseconds{10'000});
  co_await await_end(name, stop);
  co_return Result<void>{};
}

}  // namespace quietgate

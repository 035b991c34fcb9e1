// A folder, an io_context and LedSteps in it, for tests with real processes. Nothing of it is left at its end.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "runner/adapters/local_steps/led_steps.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

class LeadersWorld : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/quietgate-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder = name;
    processes = std::make_unique<LedSteps>(io.get_executor());
  }
  void TearDown() override {
    for (const auto& name : names) {
      Stop never;
      if (auto ended = wait_for(processes->end(name, never)); !ended) ADD_FAILURE() << ended.error().message;
    }
    processes.reset();
    while (::waitpid(-1, nullptr, 0) > 0) {  // leaders that were just ending when their loop was left
    }
    EXPECT_TRUE(marked().empty()) << "processes were left behind";
    std::filesystem::remove_all(folder);
  }

  LedStep spec(const std::string& script, const std::string& name = "step") {
    LedStep spec;
    spec.record = folder + "/" + name + ".step";
    spec.argv = {"/bin/sh", "-c", script};
    spec.environment = {{"PATH", "/usr/bin:/bin"}, {"QUIETGATE_TEST", folder}};
    spec.working_directory = folder;
    spec.log = folder + "/log";
    spec.grace = Milliseconds(1'000);
    names.push_back(spec.record);
    return spec;
  }

  template <class T>
  static Task<void> hold(Task<T> task, std::optional<T>& answer) {
    answer = co_await std::move(task);
  }

  // Runs the loop until the task is done.
  template <class T>
  T wait_for(Task<T> task) {
    std::optional<T> answer;
    std::exception_ptr thrown;
    bool done = false;
    boost::asio::co_spawn(io, hold(std::move(task), answer), [&](std::exception_ptr problem) {
      thrown = problem;
      done = true;
    });
    io.restart();
    while (!done && io.run_one() > 0) {
    }
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*answer);
  }

  // The loop runs until `truth()`; false after 20 s.
  bool until(const std::function<bool()>& truth) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!truth()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io.restart();
      io.run_for(Milliseconds(2));
      ::usleep(2000);  // a loop without work returns at once
    }
    return true;
  }

  StepExit run(const LedStep& what) {
    Stop stop;
    auto exit = wait_for(processes->run(what, stop));
    if (!exit) {
      ADD_FAILURE() << exit.error().message;
      return {};
    }
    return *exit;
  }

  // A leader ends behind its step's status: once it has, nobody leads.
  bool leader_ends(const LedStep& of) {
    return until([&] {
      const auto lock = StepRecord(of.record).lock();
      return lock && *lock;
    });
  }

  std::string read(const std::string& name) const {
    std::ifstream file(name.starts_with('/') ? name : folder + "/" + name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(folder + "/" + name); }

  // Living processes of this test, by what they carry in their environment.
  std::vector<ProcessStat> marked() const { return processes_left_by("QUIETGATE_TEST=" + folder, 0, 0).living; }

  boost::asio::io_context io;
  std::string folder;
  std::unique_ptr<LedSteps> processes;
  std::vector<std::string> names;
};

}  // namespace quietgate

// The JSON Schema for editors and the parser must agree, over every file of the corpus and every example of the
// reference.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop

#include "pipelines/language/compiler.h"
#include "pipelines/yaml/yaml.h"
#include "stages/kinds.h"
#include "tests/pipelines/language/cases.h"

namespace quietgate {
namespace {

using nlohmann::json;

json as_json(const YamlNode& node) {
  switch (type_of(node)) {
    case YamlType::null:
      return nullptr;
    case YamlType::boolean:
      return node.text[0] == 't' || node.text[0] == 'T';
    case YamlType::integer:
      return std::stoll(node.text, nullptr, 0);
    case YamlType::number:
      return std::stod(node.text);
    case YamlType::text:
      return node.text;
    case YamlType::list: {
      json list = json::array();
      for (const auto& item : node.items) list.push_back(as_json(*item));
      return list;
    }
    case YamlType::map: {
      json map = json::object();
      for (const auto& entry : node.entries) map[entry.key] = as_json(*entry.value);
      return map;
    }
  }
  return nullptr;
}

class SchemaOfPipelines : public testing::Test {
 protected:
  SchemaOfPipelines() {
    document_ = json::parse(read_text(QUIETGATE_SOURCE_DIR "/pipelines/quietgate.schema.json"));
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(document_), schema_);
  }
  // What the schema says against the file; empty: nothing.
  std::string problem(const std::string& text) {
    const SourceText source("file.yaml", text);
    Diagnostics diagnostics(source);
    const YamlPointer tree = parse_yaml(source, diagnostics);
    if (!tree) return diagnostics.print();
    const json value = as_json(*tree);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(value), &results)) return {};
    std::string out = "invalid";
    for (valijson::ValidationResults::Error error; results.popError(error);) {
      out += "\n";
      for (const std::string& step : error.context) out += step;
      out += ": " + error.description;
    }
    return out;
  }
  json document_;
  valijson::Schema schema_;
};

TEST_F(SchemaOfPipelines, TakesGoodFiles) {
  for (const auto& path : pipeline_cases("good")) EXPECT_EQ(problem(read_text(path)), "") << path;
}

TEST_F(SchemaOfPipelines, TakesWhatOnlyTheCompilerCanRefuse) {
  for (const auto& path : pipeline_cases("bad-beyond-schema")) EXPECT_EQ(problem(read_text(path)), "") << path;
}

TEST_F(SchemaOfPipelines, RefusesBadFiles) {
  for (const auto& path : pipeline_cases("bad")) EXPECT_NE(problem(read_text(path)), "") << path;
}

// One mistake each, so that none can hide that the schema takes another.

class BadStage : public SchemaOfPipelines, public testing::WithParamInterface<const char*> {};
TEST_P(BadStage, IsRefused) {
  const std::string text = "version: 1\nstages: {a: " + std::string(GetParam()) + "}";
  EXPECT_NE(problem(text), "") << text;
  EXPECT_FALSE(compile_pipeline(text, "file.yaml", some_commit(), stage_kinds()).plan) << text;
}
INSTANTIATE_TEST_SUITE_P(
    Stages, BadStage,
    testing::Values(
        "{}", "", "{test: {}}", "{test: {run: 1}}", "{test: {run: []}}", "{test: {run: x, commands: [y]}}",
        "{test: {run: x, directory: ../x}}", "{test: {run: x, directory: /x}}", "{test: {run: x}, keep: true}",
        "{test: {run: x}, approve: {message: m}}", "{test: {run: x}, timeout: 5}", "{test: {run: x}, timeout: 0s}",
        "{test: {run: x}, retry: {attempts: 0}}", "{test: {run: x}, retry: {when: [failed]}}",
        "{test: {run: x}, lock: }", "{test: {run: x}, lock: 5}", "{test: {run: x}, lock: [a]}",
        "{test: {run: x}, lock: a b}", "{test: {run: x}, lock: -a}", "{approve: {message: m}, lock: a}",
        "{test: {run: x}, needs: b}", "{test: {run: x}, needs: [b, b]}", "{test: {run: x}, continue_on_error: yes}",
        "{test: {run: x}, matrix: {}}", "{test: {run: x}, matrix: {a: []}}", "{test: {run: x}, environment: {A-B: x}}",
        "{test: {run: x}, environment: {A: }}", "{test: {run: x}, shell: zsh}", "{test: {run: x}, shell: []}",
        "{test: {run: x}, shell: }", "{test: {run: x}, shell: [sh, 1]}",
        "{test: {run: x}, shell: ['${{ commit.sha }}']}", "{test: {run: x, from: b}}", "{test: {run: x, from: []}}",
        "{approve: {message: m, expires: 0s}}", "{needs: [], promote: {branch: p, approval: {who: me}}}",
        "{needs: [], promote: {branch: p, approval: {message: ''}}}", "{apply: {}}", "{apply: {kubernetes: {}}}",
        "{apply: {terraform: {}}}", "{apply: {processes: {}}}", "{apply: {processes: {w: {}}}}",
        "{apply: {processes: {w: {run: x, ready: {}}}}}",
        "{needs: [], apply: {terraform: {directory: i}}, keep: true, time_to_live: 1h}",
        "{apply: {terraform: {directory: i}}, watch: {}}", "{needs: [], promote: {}}",
        "{needs: [], promote: {branch: p, gate: {}}}", "{needs: [], promote: {branch: p, approval: perhaps}}",
        "{needs: [], promote: {branch: p, merge: true}}", "{approve: {}}",
        "{verify: {prometheus: u, checks: [{name: n, query: q, expect: '> 0'}]}}",
        "{verify: {prometheus: u, last: 1m, checks: []}}",
        "{verify: {prometheus: u, last: 1m, checks: [{name: n, query: q, expect: '< 5ms'}]}}",
        "{load: {locustfile: l, host: h, users: 0, duration: 1s, expect: {requests: '> 1'}}}",
        "{load: {locustfile: l, host: h, users: 1, duration: 1s, expect: {}}}",
        "{load: {locustfile: l, host: h, users: 1, duration: 1s, expect: {p95: '< 5'}}}",
        "{load: {locustfile: l, host: h, users: 1, duration: 1s, expect: {p42: '< 5s'}}}"));

}  // namespace
}  // namespace quietgate

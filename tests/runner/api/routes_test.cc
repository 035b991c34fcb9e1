// The list of endpoints: what each needs, how one is found, and what it takes to add one.
#include "runner/api/routes.h"

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "runner/api/api.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::variant<Answer, RouteMatch> find(const std::string& method, const std::string& target) {
  return find_route(method, *parse_target(target));
}

TEST(Routes, EveryRouteIsDescribedWithItsPermission) {
  const auto description = nlohmann::json::parse(openapi_document());
  for (const auto& route : routes()) {
    const auto method = std::string(route.method) == "GET" ? "get" : "post";
    const auto& operation = description["paths"][route.path][method];
    EXPECT_EQ(operation["x-permission"], to_string(route.permission)) << route.path;
    EXPECT_EQ(operation["responses"].contains("403"), route.permission != Permission::read) << route.path;
  }
}

TEST(Routes, WhatChangesSomethingNeedsMoreThanReadAndAloneHasABody) {
  for (const auto& route : routes()) {
    EXPECT_EQ(std::string(route.method) == "GET", route.permission == Permission::read) << route.path;
    EXPECT_EQ(route.body_limit == no_body, route.permission == Permission::read) << route.path;
  }
}

TEST(Routes, ARouteIsFoundByMethodAndPath) {
  const auto found = std::get<RouteMatch>(find("HEAD", "/api/v1/runs/hello/1/stages/unit/artifacts/out/my%20app"));
  EXPECT_STREQ(found.route->path, "/api/v1/runs/{repository}/{number}/stages/{stage}/artifacts/{path}");
  EXPECT_EQ(found.names.at("repository"), "hello");
  EXPECT_EQ(found.names.at("path"), "out/my app");
  EXPECT_EQ(std::get<Answer>(find("GET", "/api/v1/none")).status, 404);
  const auto wrong = std::get<Answer>(find("DELETE", "/api/v1/runs"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers[0].second, "GET, POST");
}

// Every `NAME_route` in a text.
std::vector<std::string> route_names(const std::string& text) {
  const auto in_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  const std::string mark = "_route";
  std::vector<std::string> names;
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const auto end = at + mark.size();
    if (end < text.size() && in_name(text[end])) continue;
    auto begin = at;
    while (begin > 0 && in_name(text[begin - 1])) --begin;
    names.push_back(text.substr(begin, end - begin));
  }
  return names;
}

// A new endpoint is a file in routes/, a line in routes.cc, and its description.
TEST(Routes, AnEndpointIsOneFileAndOneLine) {
  const auto room = fs::path(QUIETGATE_SOURCE_DIR) / "runner";
  std::map<std::string, int> listed;
  std::map<std::string, std::set<std::string>> files_that_name;
  for (const auto& name : route_names(text_of(room / "api/routes.cc"))) {
    if (name != "find_route") ++listed[name];
  }
  for (const auto& file : fs::recursive_directory_iterator(room)) {
    if (!file.is_regular_file()) continue;
    for (const auto& name : route_names(text_of(file.path()))) {
      if (listed.contains(name)) files_that_name[name].insert(file.path().lexically_relative(room).string());
    }
  }
  EXPECT_EQ(listed.size(), routes().size());
  for (const auto& [name, lines] : listed) {
    EXPECT_EQ(lines, 1) << name;
    auto files = files_that_name[name];
    EXPECT_EQ(files.erase("api/routes.cc"), 1U) << name;
    ASSERT_EQ(files.size(), 1U) << name;
    EXPECT_TRUE(files.begin()->starts_with("api/routes/")) << name << " is made in " << *files.begin();
  }
}

}  // namespace
}  // namespace quietgate

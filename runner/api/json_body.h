// The JSON object that a request sends, read field by field; what is wrong with it is told once, last.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runner/api/exchange.h"

namespace quietgate {

class JsonBody {
 public:
  // No body is an empty object. Fields that are not named here are a problem.
  JsonBody(const ApiRequest& request, const std::vector<std::string>& fields);
  ~JsonBody();
  // One line; empty when it is absent.
  std::string text(const char* field);
  // Also a line that says something.
  std::string reason();
  bool flag(const char* field, bool otherwise);
  bool has(const char* field) const;
  // The first thing that is wrong; empty: nothing.
  const std::string& problem() const { return problem_; }
  void set_problem(std::string problem);

 private:
  struct Fields;
  std::unique_ptr<Fields> fields_;
  std::string problem_;
};

}  // namespace quietgate

// Linked into every program of the sanitizer build: what they do must not hang on the environment, because leaders,
// their steps and the tests' services begin with one of their own. Reports go to files, so that one of a process whose
// exit code nobody looks at is not lost; scripts/test fails when there is any.

extern "C" {
const char* __asan_default_options();
const char* __lsan_default_options();
const char* __ubsan_default_options();

const char* __asan_default_options() {
  return "detect_leaks=1:fast_unwind_on_malloc=0:detect_stack_use_after_return=1:log_path=" QUIETGATE_SANITIZER_REPORTS
         "/report";
}

const char* __lsan_default_options() {
  return "suppressions=" QUIETGATE_LEAK_SUPPRESSIONS ":print_suppressions=0";
}

const char* __ubsan_default_options() {
  return "print_stacktrace=1";
}
}

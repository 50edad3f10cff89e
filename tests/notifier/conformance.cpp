// SPDX-License-Identifier: MIT
#include "conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace wdscope::test {
namespace {

constexpr std::string_view kHead =
    R"(# Conformance

What is known of WdFilter's process notification and what the notifier is held to, row by row: the section of the
collected research (as in [the notifier, routine by routine](notifier.md)), the routine or structure, what is expected of
it, in which profiles a test has shown it, and which test. **Nothing here was verified on a Windows machine**: the
research is public, what it leaves open is in [assumed](assumed.md).

Tests named `driver/...` are kernel tests that run inside the host, the others stories in `tests/notifier`. The page is
made of the tests that passed, and a run that proves another table fails. After a change of the tests:
`WDSCOPE_WRITE_CONFORMANCE=1 out/bin/notifier_test`.

| Section | Routine | Expectation | Profiles | Test |
|---|---|---|---|---|
)";

// In the order in which the columns and the documents name them.
constexpr std::array<std::pair<wire::NotifierProfile, std::string_view>, 4> kProfileNames = {{
    {wire::NotifierProfile::Wd1910, "1910"},
    {wire::NotifierProfile::Wd20H1, "20H1"},
    {wire::NotifierProfile::Wd25080, "25080"},
    {wire::NotifierProfile::WdA5, "a5"},
}};

// "C.10 step 2" stands before "C.10 step 12": runs of digits count as numbers.
struct InSectionOrder {
  static std::string padded(const std::string& section) {
    std::string key;
    for (std::size_t at = 0; at < section.size();) {
      std::size_t end = at;
      while (end < section.size() && std::isdigit(static_cast<unsigned char>(section[end]))) ++end;
      if (end == at) {
        key += section[at++];
        continue;
      }
      key.append(8 - std::min<std::size_t>(8, end - at), '0').append(section, at, end - at);
      at = end;
    }
    return key;
  }
  bool operator()(const std::string& left, const std::string& right) const { return padded(left) < padded(right); }
};

using Profiles = std::set<wire::NotifierProfile>;

class Table {
 public:
  struct Row {
    std::string section;
    std::string routine;
    std::string expectation;
    std::string test;
  };

  static Table& of_this_run() {
    static Table table;
    return table;
  }

  // Waits for the verdict of the running test.
  void expect(Row row, const Profiles& profiles) { pending_.emplace_back(std::move(row), profiles); }
  void settle(bool passed) {
    for (const auto& [row, profiles] : pending_) {
      if (passed) prove(row, profiles);
    }
    pending_.clear();
  }
  void prove(const Row& row, const Profiles& profiles) {
    rows_[row.section][{row.routine, row.expectation, row.test}].insert(profiles.begin(), profiles.end());
  }

  std::string page() const {
    std::ostringstream out;
    out << kHead;
    for (const auto& [section, rows] : rows_) {
      for (const auto& [row, profiles] : rows) {
        const auto& [routine, expectation, test] = row;
        out << "| " << section << " | " << routine << " | " << expectation << " | " << names(profiles) << " | " << test
            << " |\n";
      }
    }
    return out.str();
  }

 private:
  static std::string names(const Profiles& profiles) {
    if (profiles.size() == kProfileNames.size()) return "all";
    std::string text;
    for (const auto& [profile, name] : kProfileNames) {
      if (!profiles.contains(profile)) continue;
      if (!text.empty()) text += ", ";
      text += name;
    }
    return text;
  }

  std::vector<std::pair<Row, Profiles>> pending_;
  std::map<std::string, std::map<std::tuple<std::string, std::string, std::string>, Profiles>, InSectionOrder> rows_;
};

class Verdicts : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo& test) override {
    Table::of_this_run().settle(test.result()->Passed() && !test.result()->Skipped());
  }
};

// Where two pages part, as their lines have it.
std::string first_difference(const std::string& page, const std::string& table) {
  std::istringstream left(page), right(table);
  std::string in_page, in_table;
  do {
    if (!std::getline(left, in_page)) in_page = "(the page's end)";
    if (!std::getline(right, in_table)) in_table = "(the table's end)";
  } while (in_page == in_table);
  return "the page:  " + in_page + "\nthe table: " + in_table;
}

class Page : public testing::Environment {
  // Only a whole run proves the whole table.
  static bool whole_run() {
#ifdef WDSCOPE_TSAN
    return false;  // where tests that are about one thread are left out
#else
    const testing::UnitTest& run = *testing::UnitTest::GetInstance();
    return run.test_to_run_count() == run.total_test_count() && run.failed_test_count() == 0;
#endif
  }

  void TearDown() override {
    if (!whole_run()) return;
    const std::string table = Table::of_this_run().page();
    if (std::getenv("WDSCOPE_WRITE_CONFORMANCE")) {
      std::ofstream file(WDSCOPE_CONFORMANCE_PAGE, std::ios::binary);
      file << table;
      file.close();
      ASSERT_TRUE(file) << "cannot write " << WDSCOPE_CONFORMANCE_PAGE;
    }
    std::ifstream file(WDSCOPE_CONFORMANCE_PAGE, std::ios::binary);
    const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (page == table) return;
    FAIL() << "docs/conformance.md is not what this run has proved; WDSCOPE_WRITE_CONFORMANCE=1 out/bin/notifier_test "
              "writes it anew\n"
           << first_difference(page, table);
  }
};

// Before main: GoogleTest takes both over.
[[maybe_unused]] const bool kRegistered = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new Verdicts);
  testing::AddGlobalTestEnvironment(new Page);
  return true;
}();

std::string file_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// The name of the running test without its parameter, as the source has it.
Table::Row row_of_running_test(std::string_view section, std::string_view routine, std::string_view expectation) {
  const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string name = test->name();
  return {std::string(section), std::string(routine), std::string(expectation),
          "`" + file_name(test->file()) + "` `" + name.substr(0, name.find('/')) + "`"};
}

}  // namespace

void conforms(std::string_view section, std::string_view routine, std::string_view expectation) {
  const wire::NotifierProfile profiles[] = {testing::TestWithParam<wire::NotifierProfile>::GetParam()};
  conforms(section, routine, expectation, profiles);
}

void conforms(std::string_view section, std::string_view routine, std::string_view expectation,
              std::span<const wire::NotifierProfile> profiles) {
  Table::of_this_run().expect(row_of_running_test(section, routine, expectation), {profiles.begin(), profiles.end()});
}

bool take_conformance(std::string_view line) {
  static const std::regex kVerdict(R"(PASS (.+?): (.+) \((.+)\) \[(\w+)\] in (\S+)\s*)");
  std::match_results<std::string_view::const_iterator> parts;
  if (!std::regex_match(line.begin(), line.end(), parts, kVerdict)) return false;
  for (const auto& [profile, name] : kProfileNames) {
    if (parts.str(4) != name) continue;
    // Which folders stand before the file's is the build's affair.
    const std::string test = "`driver/notifier/" + file_name(parts.str(5)) + "`";
    Table::of_this_run().prove({parts.str(3), parts.str(1), parts.str(2), test}, {profile});
    return true;
  }
  return false;
}

}  // namespace wdscope::test

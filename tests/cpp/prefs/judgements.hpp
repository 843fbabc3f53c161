#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "tutelage/prefs/judgement.hpp"

/// One judgement of each kind, with all fields used somewhere.
inline std::vector<tutelage::prefs::Judgement> one_of_each() {
  using namespace tutelage::prefs;
  std::vector<Judgement> all;
  for (auto kind : {Kind::kA, Kind::kB, Kind::kTie, Kind::kBothBad, Kind::kCannotJudge, Kind::kSkip}) {
    Judgement j{kind, "Who \"are\" you?", {"a ü\n\t", "b 雪"}};
    j.annotator = "ann", j.seconds = 2.5, j.answers[0].source = "policy 3, sample 7", j.shown = {1, 0};
    if (kind == Kind::kB) j.strength = 3, j.score = 0.25, j.purpose = "mutual_information";
    if (kind == Kind::kSkip) j.context = {{"system", "s"}, {"user", "u"}, {"assistant", "x"}};
    all.push_back(j);
  }
  all.push_back({Kind::kRanking, "q", {"third", "best", "also best", "worst"}, 0, "", {3, 1, 1, 4}});
  all.push_back({Kind::kRight, "q", {"good"}});
  all.push_back({Kind::kWrong, "q", {"good", "bad"}, 1});
  all.push_back({Kind::kCorrection, "q", {"bad"}, 0, "better"});
  Judgement comment{Kind::kComment, "q", {"bad"}};
  comment.note = "hard to say", comment.id = "17", comment.session = "s", comment.time = 1.5e9;
  all.push_back(comment);
  const tutelage::env::Trajectory shorter{{{0, 1}, {0.5, 1}}, {{2}}, {0.25}, true, false}, longer{{{0, 1}, {1, 1}}, {{2}, {1}}, {}, false, true};
  Judgement runs{Kind::kA, "", {shorter, longer}};
  runs.answers[1].reference = "episodes/7";
  all.push_back(runs);
  return all;
}

struct TemporaryFile {
  std::string path;
  explicit TemporaryFile(const char* name) : path((std::filesystem::temp_directory_path() / name).string()) { std::filesystem::remove(path); }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

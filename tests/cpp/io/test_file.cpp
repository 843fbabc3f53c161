#include "../catch.hpp"
#include "folder.hpp"
#include "tutelage/base/error.hpp"

using namespace tutelage;
using Lines = std::vector<std::string>;

TEST_CASE("a file is written whole and leaves nothing beside it") {
  const Folder f("write");
  const std::string path = f / "a.txt", long_text(300000, 'x');
  io::write_file(path, "one");
  CHECK(io::read_file(path) == "one");
  io::write_file(path, long_text);
  CHECK(io::read_file(path) == long_text);
  io::write_file(path, std::string_view("a\0b", 3));
  CHECK(io::read_file(path) == std::string("a\0b", 3));
  io::write_file(path, "");
  CHECK(io::read_file(path).empty());
  CHECK(f.entries() == 1);
}

TEST_CASE("a write that fails leaves the old file and no temporary one") {
  const Folder f("full");
  const std::string path = f / "a.txt";
  io::write_file(path, "old");
  {
    const FullDisk full(1000);
    CHECK_THROWS_AS(io::write_file(path, std::string(5000, 'x')), IoError);
  }
  CHECK(io::read_file(path) == "old");
  CHECK(f.entries() == 1);
  io::write_file(path, "new");  // the disk has room again
  CHECK(io::read_file(path) == "new");
}

TEST_CASE("paths that cannot be files are named") {
  const Folder f("paths");
  const auto refused = [](auto call, const std::string& path) {
    try {
      call();
      FAIL("accepted " << path);
    } catch (const IoError& e) { CHECK(std::string(e.what()).find(path) != std::string::npos); }
  };
  put(f / "file", "x");
  const std::string absent = f / "none/a.txt", below = f / "file/a.txt", folder = f / "sub";
  refused([&] { io::write_file(absent, "x"); }, absent);
  refused([&] { io::write_file(below, "x"); }, below);
  refused([&] { io::read_file(absent); }, absent);
  refused([&] { io::append_line(absent, "x"); }, absent);
  refused([&] { io::make_folder(below); }, below);
  refused([&] { io::make_folder(f / "file"); }, f / "file");
  io::make_folder(folder + "/deep/er");
  io::make_folder(folder);  // there already
  refused([&] { io::write_file(folder, "x"); }, folder);
  refused([&] { io::read_file(folder); }, folder);
  refused([&] { io::read_lines(folder); }, folder);
  refused([&] { io::append_line(folder, "x"); }, folder);
  CHECK(f.entries() == 2);
  CHECK(io::exists(folder));
  CHECK_FALSE(io::exists(absent));
  CHECK(io::read_lines(absent).empty());
}

TEST_CASE("a folder without permission to write is refused") {
  if (::geteuid() == 0) return;  // who may do everything is refused nothing
  const Folder f("locked");
  io::write_file(f / "a.txt", "old");
  std::filesystem::permissions(f.path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  CHECK_THROWS_AS(io::write_file(f / "a.txt", "new"), IoError);
  CHECK_THROWS_AS(io::append_line(f / "b.txt", "new"), IoError);
  std::filesystem::permissions(f.path, std::filesystem::perms::owner_all);
  CHECK(io::read_file(f / "a.txt") == "old");
}

TEST_CASE("lines are added one by one") {
  const Folder f("lines");
  const std::string path = f / "log.jsonl";
  io::append_line(path, "first");
  io::append_line(path, "");
  io::append_line(path, "third \xff");
  CHECK(io::read_file(path) == "first\n\nthird \xff\n");
  CHECK(io::read_lines(path) == Lines{"first", "third \xff"});
  CHECK_THROWS_AS(io::append_line(path, "two\nlines"), ValueError);
  CHECK(io::read_lines(path).size() == 2);
}

TEST_CASE("a torn last line is left out, and cut by the next append") {
  const Folder f("torn");
  const std::string path = f / "log.jsonl";
  for (const std::string torn : {"", "{", "{\"kind\": \"ri"}) {
    put(path, "whole\n" + torn);
    CHECK(io::read_lines(path) == Lines{"whole"});
    io::append_line(path, "next");
    CHECK(io::read_file(path) == "whole\nnext\n");
  }
  put(path, "never finished");
  CHECK(io::read_lines(path).empty());
  io::append_line(path, "next");
  CHECK(io::read_file(path) == "next\n");
}

TEST_CASE("an append that fails adds nothing") {
  CHECK_THROWS_AS(io::append_line("/dev/full", "line"), IoError);
  const Folder f("append_full");
  const std::string path = f / "log.jsonl";
  io::append_line(path, "first");
  for (const rlim_t room : {rlim_t{6}, rlim_t{9}}) {  // none, and some of the line
    {
      const FullDisk full(room);
      CHECK_THROWS_AS(io::append_line(path, "a line that is longer"), IoError);
    }
    CHECK(io::read_file(path) == "first\n");
  }
  io::append_line(path, "second");
  CHECK(io::read_lines(path) == Lines{"first", "second"});
}

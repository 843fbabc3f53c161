#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/impl/tensor/storage.hpp"
#include "tutelage/tensor/tensor.hpp"

using namespace tutelage;

TEST_CASE("a shape knows its size, its text and its limits") {
  CHECK(Shape{}.size() == 1);
  CHECK(Shape{2, 3, 4}.size() == 24);
  CHECK(Shape{2, 3}.str() == "(2, 3)");
  CHECK(Shape{2, 3}[-1] == 3);
  CHECK(Shape{2, 0}.size() == 0);
  CHECK_THROWS_AS((Shape{2, -1}), ShapeError);
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1}), ShapeError);
  CHECK_THROWS_AS((Shape{std::int64_t{1} << 40, std::int64_t{1} << 40}), ShapeError);
}

TEST_CASE("copies share memory until one of them writes") {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  Tensor a = Tensor::from({2, 3}, values);
  Tensor b = a;
  CHECK(a.data() == b.data());
  b.mutable_data()[0] = 9;
  CHECK(a.data() != b.data());
  CHECK(a.data()[0] == 1);
  CHECK(b.data()[0] == 9);
  const float* before = b.data();
  b.mutable_data()[1] = 7;  // sole owner: in place
  CHECK(b.data() == before);
  CHECK(a.reshaped({3, 2}).data() == a.data());
  CHECK_THROWS_AS(a.reshaped({4}), ShapeError);
  CHECK_THROWS_AS(Tensor::from({2, 2}, values), ShapeError);
  CHECK_THROWS_AS(a.item(), ShapeError);
  CHECK(Tensor::scalar(3).item() == 3);
}

TEST_CASE("memory from outside is never written and is let go once") {
  float outside[3] = {1, 2, 3};
  int released = 0;
  {
    auto storage = std::make_shared<Storage<float>>(outside, 3, [&] { ++released; });
    CHECK(storage->foreign());
    CHECK_THROWS_AS(Tensor::of({4}, storage), ShapeError);
    Tensor t = Tensor::of({3}, std::move(storage));
    CHECK(t.data() == outside);
    t.mutable_data()[0] = 9;  // sole owner, and copies all the same
    CHECK(t.data() != outside);
    CHECK(t.data()[0] == 9);
    CHECK(released == 1);
  }
  CHECK(released == 1);
  CHECK(outside[0] == 1);
}

TEST_CASE("freed blocks are used again and counted") {
  const auto before = detail::pool_stats().in_use;
  const float* first;
  {
    Tensor t({1000});
    first = t.data();
    CHECK(detail::pool_stats().in_use >= before + 4000);
    CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
  }
  CHECK(detail::pool_stats().in_use == before);
  Tensor again({1000});
  CHECK(again.data() == first);
  for (float v : again.span()) CHECK(v == 0);
}

TEST_CASE("every size class holds the bytes asked for") {
  for (std::size_t bytes = 1; bytes < 100000; bytes = bytes * 9 / 8 + 1) {
    void* p = detail::pool_allocate(bytes);
    std::fill_n(static_cast<char*>(p), bytes, 'x');
    detail::pool_free(p, bytes);
  }
}

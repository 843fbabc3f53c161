// Eigen matrices in and out of the compiled library, through the one header that names Eigen.
#include <Eigen/Core>

#include <tutelage/autograd/ops.hpp>
#include <tutelage/interop/eigen.hpp>

#include <cstdio>

int main() {
  Eigen::MatrixXf a(2, 3), b(3, 4);
  for (int i = 0; i < 6; ++i) a(i % 2, i / 2) = static_cast<float>(i) - 2;
  for (int i = 0; i < 12; ++i) b(i % 3, i / 3) = static_cast<float>(i * i % 7);
  const tutelage::Tensor product = tutelage::ops::matmul(tutelage::interop::from_eigen(a), tutelage::interop::from_eigen(b));
  const Eigen::MatrixXf back = tutelage::interop::to_eigen(product);
  const bool same = back.rows() == 2 && back.cols() == 4 && (back - a * b).cwiseAbs().maxCoeff() == 0;  // small integers: exact
  std::puts(same ? "the same product as Eigen's" : "another product than Eigen's");
  return same ? 0 : 1;
}

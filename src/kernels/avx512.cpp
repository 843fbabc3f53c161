#define TUTELAGE_ISA avx512
#define Eigen Eigen_avx512
#include "tutelage/impl/kernels/isa.ipp"

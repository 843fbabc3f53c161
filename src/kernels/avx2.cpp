#define TUTELAGE_ISA avx2
#define Eigen Eigen_avx2
#include "tutelage/impl/kernels/isa.ipp"

#define TUTELAGE_ISA scalar
#define Eigen Eigen_scalar
#include "tutelage/impl/kernels/isa.ipp"

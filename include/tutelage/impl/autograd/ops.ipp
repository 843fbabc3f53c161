#pragma once
#include "tutelage/impl/autograd/ops_elementwise.ipp"
#include "tutelage/impl/autograd/ops_reduce.ipp"
#include "tutelage/impl/autograd/ops_product.ipp"
#include "tutelage/impl/autograd/ops_sequence.ipp"
#include "tutelage/impl/autograd/ops_block.ipp"
#include "tutelage/impl/autograd/ops_vocabulary.ipp"
#include "tutelage/impl/autograd/ops_recomputed.ipp"

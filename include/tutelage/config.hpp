#pragma once
/// Build mode and namespaces. Compiled mode is the default; defining TUTELAGE_HEADER_ONLY compiles every definition into the
/// including file. The mode is an inline namespace, so that both can be linked into one program.

#if defined(__FAST_MATH__)
#error "tutelage promises the same bits everywhere, which -ffast-math breaks: compile files that include it without -ffast-math and -Ofast"
#endif

#if defined(TUTELAGE_HEADER_ONLY)
#define TUTELAGE_INLINE inline
#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__FMA__)
#define TUTELAGE_ABI header_only_avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define TUTELAGE_ABI header_only_avx2
#else
#define TUTELAGE_ABI header_only_scalar
#endif
#else
#define TUTELAGE_INLINE
#define TUTELAGE_ABI compiled
#endif

#define TUTELAGE_BEGIN \
  namespace tutelage { \
  inline namespace TUTELAGE_ABI {
#define TUTELAGE_END \
  }                  \
  }

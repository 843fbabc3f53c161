// No include guard: closes what fp_push.hpp opened.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

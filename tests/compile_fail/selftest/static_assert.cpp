// expect: kernel must be odd
template <int Kernel>
struct conv {
  static_assert(Kernel % 2 == 1, "kernel must be odd; found an even one");
};

#ifdef CONTROL
using type = conv<3>;
#else
using type = conv<4>;
#endif

type value;
// verdict: accepted

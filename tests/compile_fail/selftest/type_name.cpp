// expect: kernel_is_even<4>
// The message is the name of a type, as the compiler shows it beside the assertion.
template <int>
constexpr bool no = false;

template <int Kernel>
struct kernel_is_even {
  static_assert(no<Kernel>, "choose an odd one");
};

template <int Kernel>
constexpr int checked() {
  if constexpr (Kernel % 2 == 0) static_cast<void>(requires { sizeof(kernel_is_even<Kernel>); });
  return Kernel;
}

#ifdef CONTROL
static_assert(checked<3>() == 3);
#else
static_assert(checked<4>() == 4);
#endif
// verdict: accepted

// expect: bound_needs_too_many_layers_for_a_constant_ask_at_run_time
// A block whose roles do not say what only adds work, with more combinations than a constant expression goes through.
#include <nascent/cost/bounds.hpp>
#include <nascent/space/space.hpp>

using namespace nascent;

template <class A = int, class B = int, class C = int>
struct any {
  A a;
  B b;
  C c;
  struct roles {};
  constexpr auto operator()(auto& net, auto input, int /*stride*/) const { return net.global_pool(input); }
};

#ifdef CONTROL
constexpr auto most = range(1, 5);
#else
constexpr auto most = range(1, 20);
#endif
inline constexpr auto wide = define([] { return search_space("wide").input(3, 32).stage("1", any{most, most, most}); });
constexpr auto bound = max_macs(wide);

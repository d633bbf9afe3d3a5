// expect: rate_must_be_above_zero
// A device that never computes anything.
#include <nascent/cost/device_profile.hpp>

using namespace nascent;

inline constexpr device_profile mine({
    .name = "mine",
#ifdef CONTROL
    .peaks = {{arithmetic::f32, 1.5}},
#else
    .peaks = {{arithmetic::f32, 0.0}},
#endif
    .memory = {.name = "DRAM", .gb_per_s = 20},
});

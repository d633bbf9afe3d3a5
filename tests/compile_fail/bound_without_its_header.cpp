// expect: nascent: bounds of cost found a space that is not declared; allowed: after #include .nascent/cost/run_time_bounds.hpp>
#include "../space/run_time_space.hpp"

#include <nascent/cost/bounds.hpp>
#ifdef CONTROL
#include <nascent/cost/run_time_bounds.hpp>
#endif

std::int64_t most() { return nascent::max_macs(test::make_listed_space()); }

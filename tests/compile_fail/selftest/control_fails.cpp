// expect: expected
static_assert(1 == 2);
// verdict: the control does not compile

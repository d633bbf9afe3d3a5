// expect: kernel must be odd
// The message comes first, but not alone.
#ifndef CONTROL
static_assert(4 % 2 == 1, "kernel must be odd");
static_assert(4 == 5, "and this follows");
#endif
// verdict: 2 errors for one mistake

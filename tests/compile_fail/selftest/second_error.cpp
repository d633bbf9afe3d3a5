// expect: kernel must be odd
#ifndef CONTROL
static_assert(sizeof(int) == 1, "the first error");
static_assert(sizeof(int) == 2, "the second error");
static_assert(sizeof(int) == 3, "the third error");
static_assert(sizeof(int) == 5, "kernel must be odd");
#endif
// verdict: is not at the head of the message

// expect: kernel must be odd
// One error, and a type that fills pages.
template <class, class>
struct pair {};
using pairs1 = pair<int, int>;
using pairs2 = pair<pairs1, pairs1>;
using pairs3 = pair<pairs2, pairs2>;
using pairs4 = pair<pairs3, pairs3>;
using pairs5 = pair<pairs4, pairs4>;
using pairs6 = pair<pairs5, pairs5>;
using pairs7 = pair<pairs6, pairs6>;
using pairs8 = pair<pairs7, pairs7>;
using pairs9 = pair<pairs8, pairs8>;
using pairs10 = pair<pairs9, pairs9>;

template <class T>
struct conv {
  static_assert(sizeof(T) == 0, "kernel must be odd");
};

#ifndef CONTROL
conv<pairs10> value;
#endif
// verdict: less than 8192 are allowed

// expect: constraints not satisfied|no matching function
template <class T>
concept block = requires(T t) {
  t.build();
};

void stage(block auto) {}

struct good {
  void build() {}
};
struct bad {};

int main() {
#ifdef CONTROL
  stage(good{});
#else
  stage(bad{});
#endif
}
// verdict: accepted

// expect: anything
int main() {}
// verdict: it compiles, but must not

// This line is not an expectation.
int main() {}
// verdict: line 1 is not

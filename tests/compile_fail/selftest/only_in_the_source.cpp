// expect: kernel must be odd
// The compiler repeats the line that it refuses. What stands there is the mistake, not the message.
struct conv {};

#ifdef CONTROL
conv value;
#else
conv value{4};  // kernel must be odd
#endif
// verdict: is not at the head of the message

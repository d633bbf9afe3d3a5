// expect: kernel must be odd
#ifndef CONTROL
int value = "text";
#endif
// verdict: is not at the head of the message

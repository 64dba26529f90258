// What the sketch of docs/serial.md needs of an Arduino, on a computer: its serial port is the standard input and output,
// its joint stays where the last torque was told to be.
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

float torque = 0;
float angle() { return torque; }
float speed() { return 0; }
void motor(float value) { torque = value; }
float constrain(float value, float low, float high) { return value < low ? low : value > high ? high : value; }

unsigned long millis() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000UL + now.tv_nsec / 1000000;
}

struct {
  void begin(long) {}
  int available() {
    pollfd in = {0, POLLIN, 0};
    poll(&in, 1, 1);
    if (in.revents & POLLHUP) _exit(0);
    return in.revents & POLLIN;
  }
  uint8_t read() {
    uint8_t byte;
    if (::read(0, &byte, 1) != 1) _exit(0);
    return byte;
  }
  void write(uint8_t byte) { write(&byte, 1); }
  void write(const uint8_t *bytes, int count) {
    if (::write(1, bytes, count) != count) _exit(1);
  }
} Serial;

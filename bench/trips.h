/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Round trips on serial ports as fast as each way of asking can: the line of
 * this program, libmodbus in a blocking loop, and a master that does nothing
 * but look at the port and the clock. All ask unit 1 for registers from 0 on
 * with function 3, 8N1.
 */
#ifndef KW_BENCH_TRIPS_H
#define KW_BENCH_TRIPS_H

#include <stdint.h>

enum { BENCH_PORTS_MAX = 16 };

struct bench_trips {
    const char *ports[BENCH_PORTS_MAX]; /* several: the own line only */
    unsigned ports_count;
    unsigned baud;
    uint16_t registers;
    double silence_ms;   /* before each request; 0: none */
    unsigned timeout_ms; /* for an answer; the own line only */
    uint64_t count;      /* round trips until it ends; 0: no such end */
    double seconds;      /* until it ends; 0: no such end */
};

struct bench_result {
    uint64_t good, bad; /* round trips */
    double seconds;     /* elapsed */
    double cpu_us;      /* of this process, a round trip */
};

struct bench_result bench_own(const struct bench_trips *trips);
struct bench_result bench_modbus(const struct bench_trips *trips);
struct bench_result bench_spin(const struct bench_trips *trips);

/* Prints what went wrong with errno, and ends the program. */
_Noreturn void bench_die(const char *what);

/* Nanoseconds of the monotonic clock, and of CPU used by this process. */
uint64_t bench_now_ns(void);
double bench_cpu_us(void);

#endif

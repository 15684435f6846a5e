/* SPDX-License-Identifier: Apache-2.0 */
#include "trips.h"

#include "core/core.h"
#include "meter/frame_rtu.h"
#include "meter/line.h"
#include "meter/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const double no_silence_ms = 1e-6; /* 0 is what the standard asks for */

_Noreturn void bench_die(const char *what)
{
    perror(what);
    exit(1);
}

uint64_t bench_now_ns(void)
{
    return kw_clock_mono_ns(&kw_clock_system);
}

double bench_cpu_us(void)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

/* One run: begun, counting, over. */
struct run {
    const struct bench_trips *trips;
    struct bench_result result;
    uint64_t start_ns;
    double start_cpu_us;
};

static void begin(struct run *run, const struct bench_trips *trips)
{
    *run = (struct run){.trips = trips};
    run->start_ns = bench_now_ns();
    run->start_cpu_us = bench_cpu_us();
}

static bool is_over(const struct run *run)
{
    const struct bench_trips *trips = run->trips;
    double seconds = (double)(bench_now_ns() - run->start_ns) / 1e9;

    return (trips->count > 0 &&
            run->result.good + run->result.bad >= trips->count) ||
           (trips->seconds > 0 && seconds >= trips->seconds);
}

static struct bench_result end(struct run *run)
{
    uint64_t trips = run->result.good + run->result.bad;

    run->result.seconds = (double)(bench_now_ns() - run->start_ns) / 1e9;
    run->result.cpu_us =
        (bench_cpu_us() - run->start_cpu_us) / (double)(trips > 0 ? trips : 1);
    return run->result;
}

/* --- the line of this program */

struct own {
    struct run run;
    struct kw_core core;
    struct kw_loop loop;
    bool over;
    struct own_port {
        struct kw_meter_job job;
        struct own *own;
        struct kw_meter_serial_conf serial;
        struct kw_meter_line_conf conf;
        struct kw_meter_line *line;
    } ports[BENCH_PORTS_MAX];
};

static struct own *own_of(struct kw_meter_job *job)
{
    return KW_LIST_ENTRY(job, struct own_port, job)->own;
}

static bool on_next(struct kw_meter_job *job, uint64_t now_ns,
                    struct kw_meter_ask *ask, unsigned *tag)
{
    (void)now_ns;
    *tag = 0;
    *ask = (struct kw_meter_ask){1, 3, 0, own_of(job)->run.trips->registers};
    return true;
}

static void on_sent(struct kw_meter_job *job, unsigned tag, uint64_t now_ns)
{
    (void)job;
    (void)tag;
    (void)now_ns;
}

static void on_answered(struct kw_meter_job *job, unsigned tag,
                        const struct kw_meter_answer *answer, uint64_t now_ns)
{
    struct own *own = own_of(job);

    (void)tag;
    own->run.result.good += answer->outcome == KW_METER_GOOD;
    own->run.result.bad += answer->outcome != KW_METER_GOOD;
    own->over = own->over || is_over(&own->run);
    if (own->over)
        uv_stop(&own->loop.uv);
    else
        kw_meter_line_put(job, now_ns, now_ns);
}

static void on_up(struct kw_meter_job *job, uint64_t now_ns)
{
    kw_meter_line_put(job, now_ns, now_ns);
}

static void on_down(struct kw_meter_job *job, uint64_t now_ns)
{
    (void)now_ns;
    errno = 0;
    bench_die(kw_meter_line_text(job->line));
}

static void on_state(void *arg, enum kw_meter_line_state state)
{
    (void)arg;
    (void)state;
}

static void on_gone(void *arg)
{
    (void)arg;
}

static void open_own(struct own *own, struct own_port *port, const char *name)
{
    static const struct kw_meter_job_ops ops = {on_next, on_sent, on_answered,
                                                on_up, on_down};
    const struct bench_trips *trips = own->run.trips;
    struct kw_meter_line_owner owner = {.on_state = on_state,
                                        .on_gone = on_gone};

    port->own = own;
    port->job.ops = &ops;
    port->serial = (struct kw_meter_serial_conf){
        .port = name,
        .baud = trips->baud,
        .stop_bits = 1,
        .silence_ms = trips->silence_ms > 0 ? trips->silence_ms : no_silence_ms,
    };
    port->conf = (struct kw_meter_line_conf){.name = "bench",
                                             .serial = &port->serial,
                                             .timeout_ms = trips->timeout_ms};
    if (kw_meter_line_new(&port->line, &own->core, &port->conf, 1, &owner) !=
            0 ||
        kw_meter_line_add(port->line, &port->job) != 0)
        bench_die("line");
}

struct bench_result bench_own(const struct bench_trips *trips)
{
    static struct own own;
    struct bench_result result;

    memset(&own, 0, sizeof(own));
    own.run.trips = trips;
    own.core.loop = &own.loop;
    own.core.clock = &kw_clock_system;
    if (kw_loop_init(&own.loop, &kw_clock_system) != 0)
        bench_die("loop");
    for (unsigned i = 0; i < trips->ports_count; i++)
        open_own(&own, &own.ports[i], trips->ports[i]);
    begin(&own.run, trips);
    kw_loop_run(&own.loop);
    result = end(&own.run);
    for (unsigned i = 0; i < trips->ports_count; i++)
        kw_meter_line_close(own.ports[i].line);
    kw_loop_run(&own.loop);
    if (kw_loop_fini(&own.loop) != 0)
        bench_die("the loop is not empty");
    return result;
}

/* --- libmodbus, as its manual shows it */

struct bench_result bench_modbus(const struct bench_trips *trips)
{
    const struct timespec silence = {.tv_nsec =
                                         (long)(trips->silence_ms * 1e6)};
    modbus_t *context =
        modbus_new_rtu(trips->ports[0], (int)trips->baud, 'N', 8, 1);
    uint16_t values[KW_METER_REGISTERS_MAX];
    struct bench_result result;
    struct run run;

    if (context == NULL || modbus_set_slave(context, 1) != 0 ||
        modbus_connect(context) != 0 ||
        modbus_set_response_timeout(context, trips->timeout_ms / 1000,
                                    trips->timeout_ms % 1000 * 1000) != 0)
        bench_die("libmodbus");
    begin(&run, trips);
    while (!is_over(&run)) {
        if (trips->silence_ms > 0)
            nanosleep(&silence, NULL);
        if (modbus_read_registers(context, 0, trips->registers, values) ==
            trips->registers)
            run.result.good++;
        else
            run.result.bad++;
    }
    result = end(&run);
    modbus_close(context);
    modbus_free(context);
    return result;
}

/* --- the most that the other side allows: a core for one port */

static void spin_until(uint64_t until_ns)
{
    while (bench_now_ns() < until_ns)
        ;
}

/* Reads a whole answer; false when it doesn't come. */
static bool spin_read(int fd, size_t length, uint64_t timeout_ns)
{
    unsigned char bytes[KW_METER_RTU_MAX];
    uint64_t until_ns = bench_now_ns() + timeout_ns;
    size_t have = 0;

    while (have < length && bench_now_ns() < until_ns) {
        ssize_t got = read(fd, bytes, length - have);

        have += got > 0 ? (size_t)got : 0;
    }
    return have == length;
}

struct bench_result bench_spin(const struct bench_trips *trips)
{
    const struct kw_meter_ask ask = {1, 3, 0, trips->registers};
    /* libmodbus sets the port up; its descriptor is used as it is. */
    modbus_t *context =
        modbus_new_rtu(trips->ports[0], (int)trips->baud, 'N', 8, 1);
    unsigned char frame[KW_METER_RTU_MAX];
    size_t length = kw_meter_rtu_encode(&ask, frame);
    uint64_t silence_ns = (uint64_t)(trips->silence_ms * 1e6);
    struct bench_result result;
    struct run run;
    int fd;

    if (context == NULL || modbus_connect(context) != 0)
        bench_die("libmodbus");
    fd = modbus_get_socket(context);
    begin(&run, trips);
    while (!is_over(&run)) {
        spin_until(bench_now_ns() + silence_ns);
        if (write(fd, frame, length) != (ssize_t)length)
            bench_die("write");
        if (spin_read(fd, trips->registers * 2U + 5,
                      trips->timeout_ms * (uint64_t)1000000))
            run.result.good++;
        else
            run.result.bad++;
    }
    result = end(&run);
    modbus_close(context);
    modbus_free(context);
    return result;
}

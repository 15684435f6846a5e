/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a round trip on a line cost, and what does a whole poll?
 *
 * usage: bench_poll CONF [COUNT]
 *
 * A child process answers every request on a pseudo-terminal at once. Against
 * it run, in turns and in one process, the line of this program and a libmodbus
 * loop, with 10 and 125 registers, back to back and with the silence of 1.75 ms
 * before each request: CPU microseconds of this process a round trip, the
 * median of five turns. Back to back libmodbus also runs as a loop would use
 * it: polled, and its confirmation received when there is something to read.
 * Then the whole module polls 30 meters of a shipped map every 100 ms, decodes
 * and publishes them: CPU microseconds and allocations a poll.
 */
#include "trips.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/core.h"
#include "core/hub.h"
#include "core/point.h"
#include "core/quantity.h"
#include "meter/frame_rtu.h"
#include "meter/meter.h"
#include "meter/settings.h"

#include <fcntl.h>
#include <modbus/modbus.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { TURNS = 5, METERS = 30, WARM = 100 };

/* --- the other side: answers every request of functions 3 and 4. Each register
 * is 1 but the last one, which is the address, so that no two blocks are alike:
 * the line would ask for those again (meter/trust.h). */

static void answer_for_ever(int fd)
{
    unsigned char in[8], out[KW_METER_RTU_MAX];

    for (;;) {
        size_t have = 0, bytes;
        uint16_t crc;

        while (have < sizeof(in)) {
            ssize_t got = read(fd, in + have, sizeof(in) - have);

            if (got <= 0)
                _exit(0);
            have += (size_t)got;
        }
        bytes = (size_t)(in[4] << 8 | in[5]) * 2;
        out[0] = in[0];
        out[1] = in[1];
        out[2] = (unsigned char)bytes;
        for (size_t i = 0; i < bytes; i++)
            out[3 + i] = i % 2;
        memcpy(out + 1 + bytes, in + 2, 2);
        crc = kw_meter_rtu_crc(out, bytes + 3);
        out[bytes + 3] = (unsigned char)crc;
        out[bytes + 4] = (unsigned char)(crc >> 8);
        if (write(fd, out, bytes + 5) < 0)
            _exit(0);
    }
}

struct slave {
    pid_t pid;
    int keep; /* the terminal's end, so that the child sees no hang-up */
    char port[64];
};

static void start_slave(struct slave *slave)
{
    struct termios raw;
    int master;

    memset(&raw, 0, sizeof(raw));
    cfmakeraw(&raw);
    raw.c_cflag |= CREAD | CLOCAL;
    if (openpty(&master, &slave->keep, slave->port, &raw, NULL) != 0)
        bench_die("openpty");
    slave->pid = fork();
    if (slave->pid == 0) {
        close(slave->keep);
        answer_for_ever(master);
    }
    close(master);
}

static void stop_slave(struct slave *slave)
{
    kill(slave->pid, SIGKILL);
    waitpid(slave->pid, NULL, 0);
    close(slave->keep);
}

/* --- libmodbus on a loop */

struct polled {
    uv_loop_t loop;
    uv_poll_t poll;
    modbus_t *context;
    uint8_t request[6];
    unsigned left;
};

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct polled *polled = poll->data;
    uint8_t answer[MODBUS_RTU_MAX_ADU_LENGTH];

    (void)status;
    (void)events;
    if (modbus_receive_confirmation(polled->context, answer) <= 0)
        bench_die("libmodbus receives");
    if (--polled->left == 0)
        uv_poll_stop(poll);
    else
        modbus_send_raw_request(polled->context, polled->request,
                                sizeof(polled->request));
}

static double polled_trips(const struct slave *slave, unsigned count,
                           uint16_t registers)
{
    struct polled polled = {
        .context = modbus_new_rtu(slave->port, 115200, 'N', 8, 1),
        .request = {1, 3, 0, 0, 0, (uint8_t)registers},
        .left = count,
    };
    double before;

    if (polled.context == NULL || modbus_set_slave(polled.context, 1) != 0 ||
        modbus_connect(polled.context) != 0)
        bench_die("libmodbus");
    uv_loop_init(&polled.loop);
    uv_poll_init(&polled.loop, &polled.poll, modbus_get_socket(polled.context));
    polled.poll.data = &polled;
    uv_poll_start(&polled.poll, UV_READABLE, on_readable);
    before = bench_cpu_us();
    modbus_send_raw_request(polled.context, polled.request,
                            sizeof(polled.request));
    uv_run(&polled.loop, UV_RUN_DEFAULT);
    before = bench_cpu_us() - before;
    uv_close((uv_handle_t *)&polled.poll, NULL);
    uv_run(&polled.loop, UV_RUN_DEFAULT);
    uv_loop_close(&polled.loop);
    modbus_close(polled.context);
    modbus_free(polled.context);
    return before / count;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* Prints the median of some turns, and the spread; returns the median. */
static double show(const char *name, double *turns)
{
    qsort(turns, TURNS, sizeof(turns[0]), by_size);
    printf("    %-28s %5.1f us (%.1f to %.1f)\n", name, turns[TURNS / 2],
           turns[0], turns[TURNS - 1]);
    return turns[TURNS / 2];
}

static void compare(const struct slave *slave, unsigned count,
                    uint16_t registers, bool silent)
{
    const struct bench_trips trips = {
        .ports = {slave->port},
        .ports_count = 1,
        .baud = 115200,
        .registers = registers,
        .silence_ms = silent ? 1.75 : 0,
        .timeout_ms = 1000,
        .count = count,
    };
    double own[TURNS], plain[TURNS], polled[TURNS], median;

    for (int i = 0; i < TURNS; i++) {
        own[i] = bench_own(&trips).cpu_us;
        plain[i] = bench_modbus(&trips).cpu_us;
        polled[i] = silent ? 0 : polled_trips(slave, count, registers);
    }
    printf("%u registers, %s, CPU a round trip:\n", registers,
           silent ? "silence kept" : "back to back");
    median = show("own line", own);
    printf("        %.2f of libmodbus, blocking\n",
           median / show("libmodbus, blocking", plain));
    if (!silent)
        printf("        %.2f of libmodbus on a loop; to reach %.2f\n",
               median / show("libmodbus, on a loop", polled), 17.0 / 22.0);
}

/* --- whole polls */

struct polls {
    struct kw_core core;
    struct kw_loop loop;
    struct kw_hub hub;
    struct kw_subscriber subscriber;
    uint64_t publications, samples, stop_at;
};

static void on_samples(void *arg, const struct kw_sample *samples, size_t count)
{
    struct polls *polls = arg;

    (void)samples;
    polls->samples += count;
    if (++polls->publications == polls->stop_at)
        uv_stop(&polls->loop.uv);
}

static void read_settings(const struct slave *slave, const struct kw_env *env,
                          struct kw_arena *arena, struct kw_meter_conf *conf)
{
    char yaml[8192];
    int length = snprintf(yaml, sizeof(yaml),
                          "lines:\n  - { name: a, serial: { port: %s, baud: "
                          "115200, parity: none } }\nmeters:\n",
                          slave->port);
    struct kw_node *root = NULL;
    struct kw_diag diag;
    char first[512];

    for (int i = 1; i <= METERS; i++)
        length += snprintf(yaml + length, sizeof(yaml) - (size_t)length,
                           "  - { name: m%d, line: a, unit: %d, profile: "
                           "socomec_diris_b30, every: 100ms }\n",
                           i, i);
    kw_diag_init(&diag);
    if (kw_conf_parse_yaml(yaml, (size_t)length, arena, &root, &diag) != 0 ||
        kw_settings_read(kw_meter_settings, root, root, conf, arena, &diag) !=
            0 ||
        kw_meter_check(conf, env, &diag) != 0)
        bench_die(kw_diag_first(&diag, first, sizeof(first)));
    kw_diag_fini(&diag);
}

static void on_stopped(void *arg)
{
    *(bool *)arg = true;
}

/* Runs until so many polls more are published. */
static void run(struct polls *polls, uint64_t more)
{
    polls->stop_at = polls->publications + more;
    kw_loop_run(&polls->loop);
}

static void measure(struct polls *polls, uint64_t count)
{
    struct kw_mem_stats before, after;
    uint64_t samples;
    double used;

    run(polls, WARM);
    before = kw_mem_stats();
    samples = polls->samples;
    used = bench_cpu_us();
    run(polls, count);
    used = bench_cpu_us() - used;
    after = kw_mem_stats();
    samples = polls->samples - samples;
    printf(
        "whole polls: %llu of %llu points each, CPU %.1f us a poll, %.2f us a "
        "sample, %llu allocations\n",
        (unsigned long long)count, (unsigned long long)(samples / count),
        used / (double)count, used / (double)samples,
        (unsigned long long)(after.allocations - before.allocations));
}

static void whole_polls(const struct slave *slave, const char *folder,
                        uint64_t count)
{
    struct polls polls = {.publications = 0};
    struct kw_meter_conf conf = {.lines = {NULL, 0}};
    struct kw_quantities *quantities = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    char path[1024];
    bool stopped = false;
    void *self = kw_alloc(kw_meter_module.state_size);

    kw_arena_init(&arena, 16 << 20);
    kw_diag_init(&diag);
    snprintf(path, sizeof(path), "%s/quantities.csv", folder);
    if (self == NULL || kw_quantities_load(&quantities, path, &diag) != 0 ||
        kw_loop_init(&polls.loop, &kw_clock_system) != 0 ||
        kw_points_new(&polls.core.points, NULL, quantities) != 0)
        bench_die(path);
    kw_hub_init(&polls.hub, polls.core.points);
    polls.subscriber =
        (struct kw_subscriber){.on_samples = on_samples, .arg = &polls};
    kw_hub_subscribe(&polls.hub, &polls.subscriber);
    polls.core.loop = &polls.loop;
    polls.core.clock = &kw_clock_system;
    polls.core.hub = &polls.hub;
    polls.core.env = (struct kw_env){
        .state_dir = folder, .share_dir = folder, .quantities = quantities};
    read_settings(slave, &polls.core.env, &arena, &conf);
    if (kw_meter_module.start(self, &conf, &polls.core, &diag) != 0)
        bench_die("start");
    measure(&polls, count);
    kw_meter_module.stop(self, on_stopped, &stopped);
    kw_loop_run(&polls.loop);
    kw_meter_release(&conf);
    kw_points_free(polls.core.points);
    kw_quantities_free(quantities);
    kw_arena_fini(&arena);
    kw_diag_fini(&diag);
    kw_free(self);
    if (!stopped || kw_loop_fini(&polls.loop) != 0)
        bench_die("the loop is not empty");
}

int main(int argc, char **argv)
{
    uint64_t count = 2000;
    struct slave slave;

    if (argc < 2 || (argc > 2 && kw_text_parse_u64(argv[2], &count) != 0)) {
        fprintf(stderr, "usage: bench_poll CONF [COUNT]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* also into a pipe */
    start_slave(&slave);
    for (int silent = 0; silent < 2; silent++) {
        compare(&slave, (unsigned)count, 10, silent);
        compare(&slave, (unsigned)count, 125, silent);
    }
    whole_polls(&slave, argv[1], count);
    stop_slave(&slave);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a round trip on a line cost, and what does a whole poll?
 *
 * usage: bench_poll CONF [ROUND_TRIPS]
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
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { TURNS = 5, METERS = 30, POLLS = 2000, WARM = 100 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double cpu_us(void)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

/* --- the other side: answers every request of functions 3 and 4 */

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
        memset(out + 3, 1, bytes);
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
        die("openpty");
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

/* --- round trips on our line */

struct trips {
    struct kw_meter_job job;
    struct kw_core core;
    struct kw_loop loop;
    unsigned left;
    uint16_t registers;
    uint64_t sum;
};

static bool on_next(struct kw_meter_job *job, uint64_t now_ns,
                    struct kw_meter_ask *ask, unsigned *tag)
{
    const struct trips *trips = KW_LIST_ENTRY(job, struct trips, job);

    (void)now_ns;
    *tag = 0;
    *ask = (struct kw_meter_ask){1, 3, 0, trips->registers};
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
    struct trips *trips = KW_LIST_ENTRY(job, struct trips, job);

    (void)tag;
    if (answer->outcome != KW_METER_GOOD)
        die("no answer");
    trips->sum += answer->data[0];
    if (--trips->left == 0)
        uv_stop(&trips->loop.uv);
    else
        kw_meter_line_put(job, now_ns, now_ns);
}

static void on_up(struct kw_meter_job *job, uint64_t now_ns)
{
    kw_meter_line_put(job, now_ns, now_ns);
}

static void on_down(struct kw_meter_job *job, uint64_t now_ns)
{
    (void)job;
    (void)now_ns;
    die("the line is down");
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

static double own_trips(const struct slave *slave, unsigned count,
                        uint16_t registers, bool silent)
{
    static const struct kw_meter_job_ops ops = {on_next, on_sent, on_answered,
                                                on_up, on_down};
    struct kw_meter_serial_conf serial = {
        .port = slave->port,
        .baud = 115200,
        .stop_bits = 1,
        .silence_ms = silent ? 0 : 1e-6,
    };
    struct kw_meter_line_conf conf = {
        .name = "bench", .serial = &serial, .timeout_ms = 1000};
    struct kw_meter_line_owner owner = {on_state, on_gone, NULL};
    struct trips trips = {.left = count, .registers = registers};
    struct kw_meter_line *line;
    double before;

    trips.job.ops = &ops;
    trips.core.loop = &trips.loop;
    trips.core.clock = &kw_clock_system;
    if (kw_loop_init(&trips.loop, &kw_clock_system) != 0 ||
        kw_meter_line_new(&line, &trips.core, &conf, 1, &owner) != 0 ||
        kw_meter_line_add(line, &trips.job) != 0)
        die("line");
    before = cpu_us();
    kw_loop_run(&trips.loop);
    before = cpu_us() - before;
    kw_meter_line_close(line);
    kw_loop_run(&trips.loop);
    if (kw_loop_fini(&trips.loop) != 0)
        die("the loop is not empty");
    return before / count;
}

static double modbus_trips(const struct slave *slave, unsigned count,
                           uint16_t registers, bool silent)
{
    const struct timespec silence = {.tv_nsec = 1750000};
    modbus_t *context = modbus_new_rtu(slave->port, 115200, 'N', 8, 1);
    uint16_t values[125];
    double before;

    if (context == NULL || modbus_set_slave(context, 1) != 0 ||
        modbus_connect(context) != 0)
        die("libmodbus");
    before = cpu_us();
    for (unsigned i = 0; i < count; i++) {
        if (silent)
            nanosleep(&silence, NULL);
        if (modbus_read_registers(context, 0, registers, values) != registers)
            die("libmodbus reads");
    }
    before = cpu_us() - before;
    modbus_close(context);
    modbus_free(context);
    return before / count;
}

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
        die("libmodbus receives");
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
        die("libmodbus");
    uv_loop_init(&polled.loop);
    uv_poll_init(&polled.loop, &polled.poll, modbus_get_socket(polled.context));
    polled.poll.data = &polled;
    uv_poll_start(&polled.poll, UV_READABLE, on_readable);
    before = cpu_us();
    modbus_send_raw_request(polled.context, polled.request,
                            sizeof(polled.request));
    uv_run(&polled.loop, UV_RUN_DEFAULT);
    before = cpu_us() - before;
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
    double own[TURNS], plain[TURNS], polled[TURNS], median;

    for (int i = 0; i < TURNS; i++) {
        own[i] = own_trips(slave, count, registers, silent);
        plain[i] = modbus_trips(slave, count, registers, silent);
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

static void read_settings(const struct slave *slave, struct kw_arena *arena,
                          struct kw_meter_conf *conf)
{
    char yaml[8192];
    int length = snprintf(yaml, sizeof(yaml),
                          "lines:\n  - { name: a, serial: { port: %s, baud: "
                          "115200, parity: none } }\nmeters:\n",
                          slave->port);
    struct kw_node *root = NULL;
    struct kw_diag diag;

    for (int i = 1; i <= METERS; i++)
        length += snprintf(yaml + length, sizeof(yaml) - (size_t)length,
                           "  - { name: m%d, line: a, unit: %d, profile: "
                           "socomec_diris_b30, every: 100ms }\n",
                           i, i);
    kw_diag_init(&diag);
    if (kw_conf_parse_yaml(yaml, (size_t)length, arena, &root, &diag) != 0 ||
        kw_settings_read(kw_meter_settings, root, root, conf, arena, &diag) !=
            0)
        die("settings");
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

static void measure(struct polls *polls)
{
    struct kw_mem_stats before, after;
    uint64_t samples;
    double used;

    run(polls, WARM);
    before = kw_mem_stats();
    samples = polls->samples;
    used = cpu_us();
    run(polls, POLLS);
    used = cpu_us() - used;
    after = kw_mem_stats();
    samples = polls->samples - samples;
    printf("whole polls: %d of %llu points each, CPU %.1f us a poll, %.2f us a "
           "sample, %llu allocations\n",
           POLLS, (unsigned long long)(samples / POLLS), used / POLLS,
           used / (double)samples,
           (unsigned long long)(after.allocations - before.allocations));
}

static void whole_polls(const struct slave *slave, const char *folder)
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
        die(path);
    kw_hub_init(&polls.hub, polls.core.points);
    polls.subscriber =
        (struct kw_subscriber){.on_samples = on_samples, .arg = &polls};
    kw_hub_subscribe(&polls.hub, &polls.subscriber);
    polls.core.loop = &polls.loop;
    polls.core.clock = &kw_clock_system;
    polls.core.hub = &polls.hub;
    polls.core.env = (struct kw_env){
        .state_dir = folder, .share_dir = folder, .quantities = quantities};
    read_settings(slave, &arena, &conf);
    if (kw_meter_module.start(self, &conf, &polls.core, &diag) != 0)
        die("start");
    measure(&polls);
    kw_meter_module.stop(self, on_stopped, &stopped);
    kw_loop_run(&polls.loop);
    kw_points_free(polls.core.points);
    kw_quantities_free(quantities);
    kw_arena_fini(&arena);
    kw_diag_fini(&diag);
    kw_free(self);
    if (!stopped || kw_loop_fini(&polls.loop) != 0)
        die("the loop is not empty");
}

int main(int argc, char **argv)
{
    uint64_t count = 2000;
    struct slave slave;

    if (argc < 2 || (argc > 2 && kw_text_parse_u64(argv[2], &count) != 0)) {
        fprintf(stderr, "usage: bench_poll CONF [ROUND_TRIPS]\n");
        return 2;
    }
    start_slave(&slave);
    for (int silent = 0; silent < 2; silent++) {
        compare(&slave, (unsigned)count, 10, silent);
        compare(&slave, (unsigned)count, 125, silent);
    }
    whole_polls(&slave, argv[1]);
    stop_slave(&slave);
    return 0;
}

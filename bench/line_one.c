/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One measurement on serial lines, for bench/line.py, which starts the
 * simulated switchboard, runs these in turns and compares.
 *
 * usage: bench_line_one trips WAY PORT BAUD REGISTERS SECONDS SILENCE_MS
 *        bench_line_one ports WAY COUNT ANSWER_MS SECONDS SILENCE_MS
 *        bench_line_one meters SHARE STATE YAML SECONDS
 *
 * trips: round trips on one port. WAY: own, the line of this program; modbus, a
 * blocking loop of libmodbus; spin, a master that burns a core. ports: on COUNT
 * pseudo-terminals whose meters answer after ANSWER_MS, which a child process
 * plays. Both print one line of JSON: good and bad round trips, seconds, CPU
 * microseconds of this process each. meters: the whole module with a
 * configuration, for so long; it prints polls and failed polls.
 */
#include "trips.h"

#include "base/mem.h"
#include "core/conf.h"
#include "core/core.h"
#include "core/hub.h"
#include "core/point.h"
#include "core/quantity.h"
#include "meter/frame_rtu.h"
#include "meter/meter.h"
#include "meter/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { TIMEOUT_MS = 1000 };

static double number(const char *text)
{
    char *rest;
    double value = strtod(text, &rest);

    if (*rest != 0) {
        errno = EINVAL;
        bench_die(text);
    }
    return value;
}

typedef struct bench_result way_fn(const struct bench_trips *trips);

static way_fn *way_of(const char *name)
{
    static const struct {
        const char *name;
        way_fn *run;
    } ways[] = {
        {"own", bench_own}, {"modbus", bench_modbus}, {"spin", bench_spin}};

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(ways[i].name, name) == 0)
            return ways[i].run;
    }
    errno = EINVAL;
    bench_die(name);
}

static void print(const struct bench_result *result)
{
    printf("{\"good\":%llu,\"bad\":%llu,\"seconds\":%.6f,\"cpu_us\":%.2f}\n",
           (unsigned long long)result->good, (unsigned long long)result->bad,
           result->seconds, result->cpu_us);
}

static int run_trips(char **argv)
{
    struct bench_trips trips = {
        .ports = {argv[1]},
        .ports_count = 1,
        .baud = (unsigned)number(argv[2]),
        .registers = (uint16_t)number(argv[3]),
        .seconds = number(argv[4]),
        .silence_ms = number(argv[5]),
        .timeout_ms = TIMEOUT_MS,
    };
    struct bench_result result = way_of(argv[0])(&trips);

    print(&result);
    return 0;
}

/* --- meters that answer after some time, each on a port of its own */

struct slow {
    int master, keep; /* keep: so that the child sees no hang-up */
    char port[64];
    unsigned char ask[8];
    size_t have;
    uint64_t due_ns; /* 0: nothing to answer */
};

static void open_slow(struct slow *slow)
{
    struct termios raw;

    memset(&raw, 0, sizeof(raw));
    cfmakeraw(&raw);
    raw.c_cflag |= CREAD | CLOCAL;
    if (openpty(&slow->master, &slow->keep, slow->port, &raw, NULL) != 0)
        bench_die("openpty");
}

static void answer(struct slow *slow)
{
    unsigned char out[KW_METER_RTU_MAX] = {slow->ask[0], slow->ask[1]};
    size_t bytes = (size_t)(slow->ask[4] << 8 | slow->ask[5]) * 2;
    uint16_t crc;

    out[2] = (unsigned char)bytes;
    crc = kw_meter_rtu_crc(out, bytes + 3);
    out[bytes + 3] = (unsigned char)crc;
    out[bytes + 4] = (unsigned char)(crc >> 8);
    slow->due_ns = 0;
    slow->have = 0;
    if (write(slow->master, out, bytes + 5) < 0)
        _exit(0);
}

static void take(struct slow *slow, uint64_t answer_ns)
{
    ssize_t got = read(slow->master, slow->ask + slow->have,
                       sizeof(slow->ask) - slow->have);

    if (got <= 0)
        _exit(0);
    slow->have += (size_t)got;
    if (slow->have == sizeof(slow->ask))
        slow->due_ns = bench_now_ns() + answer_ns;
}

/* The child: waits for requests and for what is due. */
static void play(struct slow *slows, unsigned count, uint64_t answer_ns)
{
    struct pollfd wait[BENCH_PORTS_MAX];

    prctl(PR_SET_TIMERSLACK, 1); /* nanosecond */
    for (;;) {
        uint64_t now_ns = bench_now_ns(), next_ns = now_ns + 1000000000;
        struct timespec left;

        for (unsigned i = 0; i < count; i++) {
            wait[i] = (struct pollfd){.fd = slows[i].master, .events = POLLIN};
            if (slows[i].due_ns > 0 && slows[i].due_ns <= now_ns)
                answer(&slows[i]);
            else if (slows[i].due_ns > 0 && slows[i].due_ns < next_ns)
                next_ns = slows[i].due_ns;
        }
        left = (struct timespec){(time_t)((next_ns - now_ns) / 1000000000),
                                 (long)((next_ns - now_ns) % 1000000000)};
        if (ppoll(wait, count, &left, NULL) <= 0)
            continue;
        for (unsigned i = 0; i < count; i++) {
            if ((wait[i].revents & POLLIN) != 0)
                take(&slows[i], answer_ns);
        }
    }
}

static int run_ports(char **argv)
{
    static struct slow slows[BENCH_PORTS_MAX];
    struct bench_trips trips = {
        .ports_count = (unsigned)number(argv[1]),
        .baud = 115200,
        .registers = 10,
        .seconds = number(argv[3]),
        .silence_ms = number(argv[4]),
        .timeout_ms = TIMEOUT_MS,
    };
    struct bench_result result;
    pid_t child;

    if (trips.ports_count > BENCH_PORTS_MAX)
        bench_die("too many ports");
    for (unsigned i = 0; i < trips.ports_count; i++) {
        open_slow(&slows[i]);
        trips.ports[i] = slows[i].port;
    }
    child = fork();
    if (child == 0)
        play(slows, trips.ports_count, (uint64_t)(number(argv[2]) * 1e6));
    result = way_of(argv[0])(&trips);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    print(&result);
    return 0;
}

/* --- the whole module */

struct meters {
    struct kw_core core;
    struct kw_loop loop;
    struct kw_hub hub;
    struct kw_quantities *quantities;
    uv_timer_t end;
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_meter_conf conf;
    void *self;
    bool stopped;
};

static void on_end(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void on_stopped(void *arg)
{
    *(bool *)arg = true;
}

static void read_settings(struct meters *meters, const char *path)
{
    static char yaml[65536];
    struct kw_node *root = NULL;
    char first[512];
    FILE *file = fopen(path, "re");
    size_t length;

    if (file == NULL)
        bench_die(path);
    length = fread(yaml, 1, sizeof(yaml), file);
    fclose(file);
    if (kw_conf_parse_yaml(yaml, length, &meters->arena, &root,
                           &meters->diag) != 0 ||
        kw_settings_read(kw_meter_settings, root, root, &meters->conf,
                         &meters->arena, &meters->diag) != 0 ||
        kw_meter_check(&meters->conf, &meters->core.env, &meters->diag) != 0)
        bench_die(kw_diag_first(&meters->diag, first, sizeof(first)));
}

static void start(struct meters *meters, const char *share, const char *state,
                  const char *yaml)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/quantities.csv", share);
    kw_arena_init(&meters->arena, 16 << 20);
    kw_diag_init(&meters->diag);
    meters->self = kw_alloc(kw_meter_module.state_size);
    if (meters->self == NULL ||
        kw_quantities_load(&meters->quantities, path, &meters->diag) != 0 ||
        kw_loop_init(&meters->loop, &kw_clock_system) != 0 ||
        kw_points_new(&meters->core.points, NULL, meters->quantities) != 0)
        bench_die(path);
    kw_hub_init(&meters->hub, meters->core.points);
    meters->core.loop = &meters->loop;
    meters->core.clock = &kw_clock_system;
    meters->core.hub = &meters->hub;
    meters->core.env.quantities = meters->quantities;
    meters->core.env.state_dir = state;
    meters->core.env.share_dir = share;
    read_settings(meters, yaml);
    if (kw_meter_module.start(meters->self, &meters->conf, &meters->core,
                              &meters->diag) != 0)
        bench_die("start");
}

static void stop(struct meters *meters)
{
    kw_meter_module.stop(meters->self, on_stopped, &meters->stopped);
    kw_loop_run(&meters->loop);
    kw_meter_release(&meters->conf);
    kw_points_free(meters->core.points);
    kw_quantities_free(meters->quantities);
    kw_arena_fini(&meters->arena);
    kw_diag_fini(&meters->diag);
    kw_free(meters->self);
    if (!meters->stopped || kw_loop_fini(&meters->loop) != 0)
        bench_die("the loop is not empty");
}

static int run_meters(char **argv)
{
    static struct meters meters;
    struct kw_health health = {.text = ""};

    start(&meters, argv[0], argv[1], argv[2]);
    uv_timer_init(&meters.loop.uv, &meters.end);
    uv_timer_start(&meters.end, on_end, (uint64_t)(number(argv[3]) * 1000), 0);
    kw_loop_run(&meters.loop);
    kw_meter_module.health(meters.self, &health);
    printf("{");
    for (size_t i = 0; kw_meter_module.metrics[i].name != NULL; i++)
        printf("%s\"%s\":%.6g", i > 0 ? "," : "",
               kw_meter_module.metrics[i].name, health.values[i]);
    printf("}\n");
    uv_close((uv_handle_t *)&meters.end, NULL);
    stop(&meters);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        int (*run)(char **argv);
    } modes[] = {{"trips", 6, run_trips},
                 {"ports", 5, run_ports},
                 {"meters", 4, run_meters}};

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (argc == modes[i].arguments + 2 &&
            strcmp(argv[1], modes[i].name) == 0)
            return modes[i].run(argv + 2);
    }
    fprintf(
        stderr,
        "usage: bench_line_one trips own|modbus|spin PORT BAUD REGISTERS "
        "SECONDS SILENCE_MS\n"
        "       bench_line_one ports own COUNT ANSWER_MS SECONDS SILENCE_MS\n"
        "       bench_line_one meters SHARE STATE YAML SECONDS\n");
    return 2;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many requests a second does the Modbus server answer, and what does one
 * cost?
 *
 * usage: bench_supervisor [MILLISECONDS]
 *
 * Two servers on core 0, in turns in one run: this program's modules meter and
 * supervisor with a meter that is polled each second, and a libmodbus server
 * with a fixed array of registers (a blocking loop for one connection, epoll
 * for several). The load on core 1 has one request under way on each of 1 and
 * 16 connections. Requests a second and CPU microseconds of the server a
 * request: medians of five turns, with the spread. For ours also the points'
 * unit, and sixteen requests in one write.
 */
#include "base/text.h"
#include "core/conf.h"
#include "core/registry.h"
#include "lib/fixture.h"
#include "lib/modules.h"
#include "loop/fake_auth.h"
#include "meter/meter.h"
#include "supervisor/state.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern const struct kw_module kw_supervisor_module;

enum {
    TURNS = 5,
    CONNECTIONS_MAX = 16,
    PIPELINE_MAX = 16,
    ASK_BYTES = 12,
    WARM_MS = 50,
    UNIT = 5,
    POINTS_UNIT = 255,
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void pin(size_t core)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        fprintf(stderr, "not pinned to core %zu: one core for all?\n", core);
}

static int listen_on(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, 4) != 0 ||
        bind(fd, (struct sockaddr *)&address, size) != 0 ||
        listen(fd, 32) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("listen");
    *port = ntohs(address.sin_port);
    return fd;
}

/* A child that ends with this program; 0 in the child. */
static pid_t start_child(size_t core)
{
    pid_t pid = fork();

    if (pid < 0)
        die("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(core);
    }
    return pid;
}

/* --- the meter: answers every read of registers */

static bool read_all(int fd, unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t got = read(fd, bytes, length);

        if (got <= 0)
            return false;
        bytes += got;
        length -= (size_t)got;
    }
    return true;
}

static pid_t start_meter(uint16_t *port)
{
    int fd = listen_on(port);
    pid_t pid = start_child(1);

    if (pid != 0) {
        close(fd);
        return pid;
    }
    for (;;) {
        int peer = accept(fd, NULL, NULL);
        unsigned char ask[ASK_BYTES], out[300] = {0};

        while (peer >= 0 && read_all(peer, ask, sizeof(ask))) {
            size_t bytes = (size_t)(ask[10] << 8 | ask[11]) * 2;

            memcpy(out, ask, 8);
            out[5] = (unsigned char)(bytes + 3);
            out[8] = (unsigned char)bytes;
            memset(out + 9, 0x40, bytes);
            if (write(peer, out, bytes + 9) < 0)
                break;
        }
        close(peer);
    }
}

/* --- our server */

static void write_map(const struct kw_fixture *fixture)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/meters", fixture->dir);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/meters/bench.csv", fixture->dir);
    file = fopen(path, "w");
    if (file == NULL)
        die(path);
    fputs("#gap: 123\n"
          "quantity,function,address,registers,type,word_order,multiplier,"
          "unit,class,na,formula,note,source\n"
          "voltage_l1_n,3,0,1,u16,-,1,V,fast,,,,\n"
          "voltage_l2_n,3,124,1,u16,-,1,V,fast,,,,\n",
          file);
    fclose(file);
}

static _Noreturn void serve(uint16_t meter_port, int tell_fd)
{
    static const struct kw_module *const table[] = {
        &fake_auth_module, &kw_meter_module, &kw_supervisor_module, NULL};
    static struct kw_fixture fixture;
    struct kw_registry *registry;
    struct kw_supervisor *supervisor;
    struct kw_conf_set *set;
    struct kw_diag diag;
    char yaml[1024];
    uint16_t port;

    kw_fixture_open(&fixture, KW_FIXTURE_RESOLVER);
    write_map(&fixture);
    snprintf(yaml, sizeof(yaml),
             "lines: [ { name: a, tcp: { host: 127.0.0.1, port: %u } } ]\n"
             "meters:\n"
             "  - { name: m, line: a, unit: 5, profile: bench, every: 1s }\n"
             "  - { name: n, line: a, unit: 6, profile: socomec_diris_a14, "
             "every: 1s }\n"
             "  - { name: o, line: a, unit: 7, profile: janitza_umg604, "
             "every: 1s }\n"
             "  - { name: p, line: a, unit: 8, profile: eastron_sdm630, "
             "every: 1s }\n"
             "supervisor:\n  tcp: { listen: \"127.0.0.1:0\" }\n"
             "  bad_points: nan\n  stations: 127.0.0.0/8\n",
             meter_port);
    kw_diag_init(&diag);
    if (kw_registry_new(&registry, table) != 0)
        die("registry");
    fixture.core.registry = registry;
    set = kw_test_conf(registry, &fixture.core.env, yaml);
    if (kw_registry_start(registry, &fixture.core, set, &diag) != 0)
        die("start");
    supervisor = kw_registry_need(registry, "supervisor");
    port = kw_doors_port(&supervisor->ports[KW_SUPERVISOR_TCP].doors);
    if (write(tell_fd, &port, sizeof(port)) != sizeof(port))
        die("tell");
    kw_loop_run(&fixture.loop);
    exit(0);
}

static pid_t start_own(uint16_t meter_port, uint16_t *port)
{
    int pipe_fds[2];
    pid_t pid;

    if (pipe(pipe_fds) != 0)
        die("pipe");
    pid = start_child(0);
    if (pid == 0)
        serve(meter_port, pipe_fds[1]);
    if (read(pipe_fds[0], port, sizeof(*port)) != sizeof(*port))
        die("our server");
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return pid;
}

/* --- libmodbus's server */

static void serve_one(modbus_t *context, modbus_mapping_t *mapping, int fd)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int length;

    modbus_set_socket(context, fd);
    length = modbus_receive(context, query);
    if (length > 0)
        modbus_reply(context, query, length, mapping);
    else if (length < 0)
        close(fd);
}

static _Noreturn void serve_many(int fd, bool blocking)
{
    modbus_mapping_t *mapping = modbus_mapping_new(0, 0, 1000, 1000);
    modbus_t *context = modbus_new_tcp("127.0.0.1", 1502);
    struct epoll_event event = {.events = EPOLLIN}, events[64];
    int poll_fd = epoll_create1(0), on = 1;

    if (mapping == NULL || context == NULL || poll_fd < 0)
        die("libmodbus");
    event.data.fd = fd;
    (void)epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
    for (;;) {
        int count = epoll_wait(poll_fd, events, 64, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != fd) {
                serve_one(context, mapping, events[i].data.fd);
                continue;
            }
            event.data.fd = accept(fd, NULL, NULL);
            setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &on, 4);
            modbus_set_socket(context, event.data.fd);
            while (blocking) {
                uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
                int length = modbus_receive(context, query);

                if (length < 0)
                    break;
                modbus_reply(context, query, length, mapping);
            }
            if (blocking)
                close(event.data.fd);
            else
                (void)epoll_ctl(poll_fd, EPOLL_CTL_ADD, event.data.fd, &event);
        }
    }
}

static pid_t start_libmodbus(uint16_t *port, bool blocking)
{
    int fd = listen_on(port);
    pid_t pid = start_child(0);

    if (pid == 0)
        serve_many(fd, blocking);
    close(fd);
    return pid;
}

/* --- the load */

struct load {
    uint16_t port;
    unsigned connections, pipeline; /* requests in one write */
    uint8_t unit;
    uint16_t address, registers;
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* CPU seconds of a process, to the nanosecond. */
static double cpu_s(pid_t pid)
{
    char path[64];
    unsigned long long ns = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
    file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%llu", &ns) != 1)
        die(path);
    fclose(file);
    return (double)ns / 1e9;
}

struct line {
    int fd;
    size_t have;
};

static int dial(uint16_t port, unsigned number)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    /* four connections an address */
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number / 4);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        die("bind");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, 4);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        die("connect");
    return fd;
}

static void fill(const struct load *load, unsigned char *out)
{
    for (unsigned i = 0; i < load->pipeline; i++, out += ASK_BYTES) {
        const unsigned char ask[ASK_BYTES] = {
            0,
            (unsigned char)i,
            0,
            0,
            0,
            6,
            load->unit,
            3,
            (unsigned char)(load->address >> 8),
            (unsigned char)load->address,
            0,
            (unsigned char)load->registers,
        };

        memcpy(out, ask, sizeof(ask));
    }
}

/* Reads once; true when all answers are there. */
static bool hear(const struct load *load, struct line *line)
{
    static unsigned char in[PIPELINE_MAX * 260];
    size_t want = (9U + load->registers * 2U) * load->pipeline;
    ssize_t got = read(line->fd, in, sizeof(in));

    if (got <= 0 || (line->have == 0 && in[7] != 3)) {
        errno = EPROTO;
        die("an answer");
    }
    line->have += (size_t)got;
    if (line->have < want)
        return false;
    line->have = 0;
    return true;
}

static uint64_t run_for(const struct load *load, struct line *lines,
                        int poll_fd, double seconds)
{
    unsigned char asks[PIPELINE_MAX * ASK_BYTES];
    struct epoll_event events[CONNECTIONS_MAX];
    size_t bytes = load->pipeline * (size_t)ASK_BYTES;
    double end = now_s() + seconds;
    uint64_t done = 0;
    unsigned under_way = load->connections;
    bool over = false;

    fill(load, asks);
    for (unsigned i = 0; i < load->connections; i++) {
        if (write(lines[i].fd, asks, bytes) < 0)
            die("write");
    }
    while (under_way > 0) {
        int count = epoll_wait(poll_fd, events, CONNECTIONS_MAX, -1);

        for (int i = 0; i < count; i++) {
            struct line *line = &lines[events[i].data.u32];

            if (!hear(load, line))
                continue;
            done += load->pipeline;
            over = over || now_s() >= end;
            if (over)
                under_way--;
            else if (write(line->fd, asks, bytes) < 0)
                die("write");
        }
    }
    return done;
}

struct result {
    double rate, cpu_us;
};

static struct result measure(const struct load *load, pid_t server, double s)
{
    struct line lines[CONNECTIONS_MAX] = {{0, 0}};
    int poll_fd = epoll_create1(0);
    struct result result;
    double begin, cpu;
    uint64_t done;

    for (unsigned i = 0; i < load->connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};

        lines[i].fd = dial(load->port, i);
        (void)epoll_ctl(poll_fd, EPOLL_CTL_ADD, lines[i].fd, &event);
    }
    (void)run_for(load, lines, poll_fd, WARM_MS / 1e3);
    begin = now_s();
    cpu = cpu_s(server);
    done = run_for(load, lines, poll_fd, s);
    cpu = cpu_s(server) - cpu;
    result.rate = (double)done / (now_s() - begin);
    result.cpu_us = cpu * 1e6 / (double)done;
    for (unsigned i = 0; i < load->connections; i++)
        close(lines[i].fd);
    close(poll_fd);
    return result;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* The median, and prints it with the spread. */
static double show(const char *name, struct result *turns, double *cpu_us)
{
    double rates[TURNS], cpus[TURNS];

    for (int i = 0; i < TURNS; i++) {
        rates[i] = turns[i].rate;
        cpus[i] = turns[i].cpu_us;
    }
    qsort(rates, TURNS, sizeof(rates[0]), by_size);
    qsort(cpus, TURNS, sizeof(cpus[0]), by_size);
    printf("    %-22s %8.0f/s (%.0f to %.0f), CPU %5.2f us (%.2f to %.2f)\n",
           name, rates[TURNS / 2], rates[0], rates[TURNS - 1], cpus[TURNS / 2],
           cpus[0], cpus[TURNS - 1]);
    *cpu_us = cpus[TURNS / 2];
    return rates[TURNS / 2];
}

struct servers {
    pid_t own, libmodbus[2]; /* blocking, epoll */
    uint16_t own_port, libmodbus_port[2];
};

static void compare(const struct servers *servers, unsigned connections,
                    uint16_t registers, double seconds)
{
    struct load own = {servers->own_port, connections, 1, UNIT, 0, registers};
    struct load points = own, peer = own, burst = own;
    struct result turns[4][TURNS];
    bool several = connections > 1;
    double rate[2], cpu[2], unused;

    points.unit = POINTS_UNIT;
    points.address = 2;
    burst.pipeline = PIPELINE_MAX;
    peer.port = servers->libmodbus_port[several];
    for (int i = 0; i < TURNS; i++) {
        turns[0][i] = measure(&own, servers->own, seconds);
        turns[1][i] = measure(&peer, servers->libmodbus[several], seconds);
        turns[2][i] = measure(&points, servers->own, seconds);
        turns[3][i] = measure(&burst, servers->own, seconds);
    }
    printf("%u connection%s, %u registers:\n", connections, several ? "s" : "",
           registers);
    rate[0] = show("supervisor", turns[0], &cpu[0]);
    rate[1] = show("libmodbus", turns[1], &cpu[1]);
    printf("        %.2f of libmodbus's rate (to reach 1.00), %.2f of its "
           "CPU\n",
           rate[0] / rate[1], cpu[0] / cpu[1]);
    (void)show("supervisor, points", turns[2], &unused);
    (void)show("supervisor, 16 a write", turns[3], &unused);
}

int main(int argc, char **argv)
{
    int64_t ms = 300;
    struct servers servers;
    uint16_t meter_port;

    if (argc > 2 || (argc == 2 && kw_text_parse_i64(argv[1], &ms) != 0) ||
        ms < 1) {
        fprintf(stderr, "usage: bench_supervisor [MILLISECONDS]\n");
        return 2;
    }
    (void)start_meter(&meter_port);
    for (int i = 0; i < 2; i++)
        servers.libmodbus[i] =
            start_libmodbus(&servers.libmodbus_port[i], i == 0);
    servers.own = start_own(meter_port, &servers.own_port);
    pin(1);
    usleep(1500000); /* every meter has been read */
    printf("server on core 0, load on core 1, %d turns of %ld ms each\n", TURNS,
           ms);
    for (unsigned connections = 1; connections <= 16; connections += 15) {
        compare(&servers, connections, 10, (double)ms / 1e3);
        compare(&servers, connections, 125, (double)ms / 1e3);
    }
    return 0; /* the children end with this program */
}

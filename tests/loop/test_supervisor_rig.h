/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loop tests of supervisor stand on: the modules meter and supervisor
 * in a registry, scripted meters (test_meter_rig.h), and stations, plain
 * sockets that the test writes and reads while the loop runs. Included by one
 * .c file of a test program.
 */
#ifndef KW_TEST_SUPERVISOR_RIG_H
#define KW_TEST_SUPERVISOR_RIG_H

#include "core/registry.h"
#include "fake_auth.h"
#include "lib/modules.h"
#include "lib/reply.h"
#include "supervisor/conn.h"
#include "test_meter_rig.h"

#include <netinet/tcp.h>
#include <poll.h>

extern const struct kw_module kw_supervisor_module;

enum { PLANTS = 2, MODULES = 3, IN_BYTES = 1 << 16 };

struct stage {
    struct rig rig; /* its module is not started: the registry's is */
    struct peer meters[PLANTS];
    const struct kw_module *table[MODULES + 1];
    struct kw_registry *registry;
    struct kw_supervisor *supervisor;
    struct kw_subscriber subscriber;
    unsigned refused, written, write_refused, closed, opened, bad_certificate;
    char text[512], actor[160]; /* of the last of these */
    struct kw_test_reply reply;
    bool applied;
    int apply_err;
};

/* The gateway's clocks: the system's and so much. */
static uint64_t stage_offset_ms;

static inline uint64_t stage_mono_ns(const struct kw_clock *clock)
{
    (void)clock;
    return kw_clock_mono_ns(&kw_clock_system) + stage_offset_ms * 1000000;
}

static inline int64_t stage_wall_ms(const struct kw_clock *clock)
{
    (void)clock;
    return kw_clock_wall_ms(&kw_clock_system) + (int64_t)stage_offset_ms;
}

static const struct kw_clock stage_clock = {stage_mono_ns, stage_wall_ms};

static inline void stage_on_event(void *arg, const struct kw_event *event)
{
    struct stage *stage = arg;
    const char *key = event->kind->key;

    if (strncmp(key, "supervisor_", 11) != 0)
        return;
    stage->refused += strcmp(key, "supervisor_refused") == 0;
    stage->written += strcmp(key, "supervisor_written") == 0;
    stage->write_refused += strcmp(key, "supervisor_write_refused") == 0;
    if (strcmp(key, "supervisor_address_closed") == 0) {
        stage->closed += event->on;
        stage->opened += !event->on;
    }
    if (strcmp(key, "supervisor_certificate_bad") == 0)
        stage->bad_certificate += event->on;
    snprintf(stage->text, sizeof(stage->text), "%s: %s", event->subject,
             event->text);
    snprintf(stage->actor, sizeof(stage->actor), "%s", event->actor);
}

/* Two meters on TCP ports; a map "two" with the registers 100 to 103 (fast)
 * and 200, 201 (slow), each holding its address. */
static inline void stage_open(struct stage *stage)
{
    memset(stage, 0, sizeof(*stage));
    stage_offset_ms = 0;
    rig_open(&stage->rig);
    kw_hub_unsubscribe(&stage->rig.subscriber);
    stage->rig.fixture.core.clock = &stage_clock;
    stage->rig.fixture.loop.clock = &stage_clock;
    stage->subscriber =
        (struct kw_subscriber){.on_event = stage_on_event, .arg = stage};
    kw_hub_subscribe(stage->rig.fixture.core.hub, &stage->subscriber);
    rig_map(&stage->rig, "two", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
            "voltage_l2_n,3,101,1,u16,-,1,V,fast,,,,\n"
            "current_l1,3,102,2,u32,be,0.001,A,fast,,,,\n"
            "frequency,3,200,1,u16,-,1,Hz,slow,,,,\n"
            "current_l2,3,201,1,u16,-,1,A,slow,,,,\n");
    for (size_t i = 0; i < PLANTS; i++)
        peer_open_tcp(&stage->meters[i], &stage->rig, false, peer_answer);
    kw_test_reply_init(&stage->reply, KW_PROFILE_ADMIN);
}

/* Lines a and b to the meters; a time-out of 100 ms. */
static inline const char *stage_yaml(struct stage *stage, const char *meters,
                                     const char *supervisor)
{
    static char yaml[8192];

    snprintf(yaml, sizeof(yaml),
             "lines:\n"
             "  - { name: a, tcp: { host: 127.0.0.1, port: %s }, timeout: "
             "100ms, retries: 0 }\n"
             "  - { name: b, tcp: { host: 127.0.0.1, port: %s }, timeout: "
             "100ms, retries: 0 }\n"
             "meters:\n%s%s",
             stage->meters[0].at.port, stage->meters[1].at.port, meters,
             supervisor);
    return yaml;
}

#define STAGE_METER(name, line, unit)                                          \
    "  - { name: " name ", line: " line ", unit: " unit                        \
    ", profile: two, every: { fast: 100ms, slow: 1s } }\n"
#define STAGE_ONE STAGE_METER("kitchen", "a", "5")
#define STAGE_TCP "supervisor:\n  tcp: { listen: \"127.0.0.1:0\" }\n"

static inline void stage_start(struct stage *stage, const char *yaml)
{
    struct kw_core *core = &stage->rig.fixture.core;
    struct kw_conf_set *set;
    struct kw_diag diag;

    stage->table[0] = &fake_auth_module;
    stage->table[1] = &kw_meter_module;
    stage->table[2] = &kw_supervisor_module;
    assert_int_equal(kw_registry_new(&stage->registry, stage->table), 0);
    core->registry = stage->registry;
    set = kw_test_conf(stage->registry, &core->env, yaml);
    kw_diag_init(&diag);
    assert_int_equal(kw_registry_start(stage->registry, core, set, &diag), 0);
    kw_diag_fini(&diag);
    kw_conf_set_drop(set);
    stage->supervisor = kw_registry_need(stage->registry, "supervisor");
}

static inline void stage_on_applied(void *arg, int err,
                                    const struct kw_diag *diag)
{
    struct stage *stage = arg;

    (void)diag;
    stage->applied = true;
    stage->apply_err = err;
}

static inline void stage_change(struct stage *stage, const char *yaml)
{
    struct kw_conf_set *set =
        kw_test_conf(stage->registry, &stage->rig.fixture.core.env, yaml);

    stage->applied = false;
    assert_int_equal(
        kw_registry_apply(stage->registry, set, stage_on_applied, stage), 0);
    kw_conf_set_drop(set);
    kw_fixture_until_set(&stage->rig.fixture, &stage->applied);
    assert_int_equal(stage->apply_err, 0);
}

static inline void stage_on_stopped(void *arg)
{
    *(bool *)arg = true;
}

static inline void stage_close(struct stage *stage)
{
    bool stopped = false;

    kw_registry_stop(stage->registry, stage_on_stopped, &stopped);
    kw_fixture_until_set(&stage->rig.fixture, &stopped);
    kw_registry_free(stage->registry);
    kw_test_reply_fini(&stage->reply);
    for (size_t i = 0; i < PLANTS; i++)
        peer_close(&stage->meters[i]);
    kw_hub_unsubscribe(&stage->subscriber);
    rig_close(&stage->rig);
}

static inline double stage_metric(struct stage *stage, const char *name)
{
    struct kw_health health = {.text = ""};

    kw_supervisor_module.health(stage->supervisor, &health);
    for (size_t i = 0; kw_supervisor_module.metrics[i].name != NULL; i++) {
        if (strcmp(kw_supervisor_module.metrics[i].name, name) == 0)
            return health.values[i];
    }
    fail_msg("no metric %s", name);
    return 0;
}

/* The health text must hold that; NULL: all is well. */
static inline void stage_health(struct stage *stage, const char *part)
{
    struct kw_health health = {.text = ""};

    kw_supervisor_module.health(stage->supervisor, &health);
    if (part == NULL) {
        assert_string_equal(health.text, "");
        assert_int_equal(health.level, KW_LEVEL_OK);
    } else if (strstr(health.text, part) == NULL) {
        fail_msg("health: %s", health.text);
    } else {
        assert_int_equal(health.level, KW_LEVEL_DEGRADED);
    }
}

static inline void stage_get(struct stage *stage, const char *path,
                             const char *part)
{
    kw_test_ask(&stage->reply, stage->registry, "GET", path, NULL);
    kw_test_reply_expect(&stage->reply, 200, part);
}

struct stage_wait {
    struct stage *stage;
    const char *name;
    bool good;
    int64_t after_ms; /* the sample is newer than this */
};

static inline bool stage_point_is(void *arg)
{
    const struct stage_wait *wait = arg;
    struct kw_core *core = &wait->stage->rig.fixture.core;
    const struct kw_point *point = kw_points_find(core->points, wait->name);

    return point != NULL && !point->retired &&
           point->latest.quality != KW_QUALITY_BAD_NEVER &&
           point->latest.time_ms > wait->after_ms &&
           kw_quality_has_value(point->latest.quality) == wait->good;
}

/* Waits until the point has a good, or a bad, sample. */
static inline void stage_until(struct stage *stage, const char *name, bool good)
{
    struct stage_wait wait = {stage, name, good, INT64_MIN};

    kw_fixture_until(&stage->rig.fixture, stage_point_is, &wait);
}

/* Waits until the point has a good sample that it does not have yet: after a
 * change its latest one may be of the meter as it was before. */
static inline void stage_until_new(struct stage *stage, const char *name)
{
    const struct kw_point *point =
        kw_points_find(stage->rig.fixture.core.points, name);
    struct stage_wait wait = {stage, name, true, point->latest.time_ms};

    kw_fixture_until(&stage->rig.fixture, stage_point_is, &wait);
}

/* --- stations */

struct station {
    struct stage *stage;
    enum kw_supervisor_service service;
    int fd;
    uint16_t transaction;
    size_t length, want;
    bool ended;
    unsigned char in[IN_BYTES];
    unsigned char *pdu; /* of the last answer, inside in */
    size_t pdu_length;
};

/* From an address of 127.0.0.0/8. */
static inline void station_open_from(struct station *station,
                                     struct stage *stage,
                                     enum kw_supervisor_service service,
                                     const char *from)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int on = 1;

    memset(station, 0, offsetof(struct station, in));
    station->stage = stage;
    station->service = service;
    station->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(station->fd >= 0);
    setsockopt(station->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    assert_int_equal(inet_pton(AF_INET, from, &address.sin_addr), 1);
    assert_int_equal(
        bind(station->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port =
        htons(kw_doors_port(&stage->supervisor->ports[service].doors));
    assert_int_not_equal(address.sin_port, 0);
    assert_int_equal(
        connect(station->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(station->fd, F_SETFL, O_NONBLOCK), 0);
}

static inline void station_open(struct station *station, struct stage *stage)
{
    station_open_from(station, stage, KW_SUPERVISOR_TCP, "127.0.0.1");
}

static inline void station_close(struct station *station)
{
    close(station->fd);
    station->fd = -1;
}

static inline void station_send(struct station *station, const void *bytes,
                                size_t length)
{
    assert_int_equal(send(station->fd, bytes, length, MSG_NOSIGNAL),
                     (ssize_t)length);
}

/* Reads what is there; true when enough is, or the end. */
static inline bool station_has(void *arg)
{
    struct station *station = arg;
    size_t room = sizeof(station->in) - station->length;
    ssize_t got;

    if (room == 0)
        return station->length >= station->want;
    got = recv(station->fd, station->in + station->length, room, 0);
    if (got > 0)
        station->length += (size_t)got;
    else if (got == 0 || errno != EAGAIN)
        station->ended = true;
    return station->length >= station->want || station->ended;
}

static inline void station_until(struct station *station, size_t bytes)
{
    station->want = bytes;
    kw_fixture_until(&station->stage->rig.fixture, station_has, station);
    assert_true(station->length >= bytes);
}

static inline void station_until_end(struct station *station)
{
    station->want = SIZE_MAX;
    kw_fixture_until(&station->stage->rig.fixture, station_has, station);
    assert_true(station->ended);
}

static inline bool station_is_counted(void *arg)
{
    const struct station *station = arg;

    return station->stage->supervisor->conn_count == station->want;
}

/* Waits until the server has so many connections. */
static inline void station_until_count(struct station *station, size_t count)
{
    station->want = count;
    kw_fixture_until(&station->stage->rig.fixture, station_is_counted, station);
}

static inline void station_drop(struct station *station, size_t bytes)
{
    station->length -= bytes;
    memmove(station->in, station->in + bytes, station->length);
}

/* Puts a frame of the station's kind around a PDU; returns its length. */
static inline size_t station_frame(struct station *station, uint8_t unit,
                                   const unsigned char *pdu, size_t length,
                                   unsigned char *frame)
{
    struct peer like = {
        .at = {.rtu = station->service == KW_SUPERVISOR_RTU_TCP}};

    return peer_frame(&like, unit, ++station->transaction, pdu, length, frame);
}

static inline void station_say(struct station *station, uint8_t unit,
                               const unsigned char *pdu, size_t length)
{
    unsigned char frame[300];

    station_send(station, frame,
                 station_frame(station, unit, pdu, length, frame));
}

static inline void station_say_read(struct station *station, uint8_t unit,
                                    uint8_t function, unsigned address,
                                    unsigned count)
{
    const unsigned char pdu[] = {
        function, (unsigned char)(address >> 8), (unsigned char)address,
        (unsigned char)(count >> 8), (unsigned char)count};

    station_say(station, unit, pdu, sizeof(pdu));
}

static inline void station_say_write(struct station *station, uint8_t unit,
                                     uint8_t function, unsigned address,
                                     unsigned value)
{
    station_say_read(station, unit, function, address, value);
}

/* Waits for the next answer: its PDU. transaction: that of its request. */
static inline void station_hear_as(struct station *station,
                                   uint16_t transaction)
{
    static unsigned char pdu[260];
    bool rtu = station->service == KW_SUPERVISOR_RTU_TCP;
    size_t whole;

    station_until(station, rtu ? 5 : 9);
    if (rtu) {
        whole = station->in[1] & 0x80 ? 5
                : station->in[1] > 4  ? 8
                                      : 5U + station->in[2];
    } else {
        whole = 6U + station->in[5];
        assert_int_equal(station->in[0] << 8 | station->in[1], transaction);
        assert_int_equal(station->in[2] | station->in[3] | station->in[4], 0);
    }
    station_until(station, whole);
    station->pdu_length = whole - (rtu ? 3 : 7);
    memcpy(pdu, station->in + (rtu ? 1 : 7), station->pdu_length);
    station->pdu = pdu;
    if (rtu)
        assert_int_equal(kw_meter_rtu_crc(station->in, whole), 0);
    station_drop(station, whole);
}

static inline void station_hear(struct station *station)
{
    station_hear_as(station, station->transaction);
}

/* Registers that hold their address. */
static inline void station_expect_registers(struct station *station,
                                            unsigned address, unsigned count)
{
    assert_int_equal(station->pdu_length, 2 + count * 2);
    assert_int_equal(station->pdu[1], count * 2);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(station->pdu[2 + 2 * i] << 8 | station->pdu[3 + 2 * i],
                         address + i);
}

static inline void station_expect_exception(struct station *station,
                                            unsigned code)
{
    assert_int_equal(station->pdu_length, 2);
    assert_int_equal(station->pdu[0] & 0x80, 0x80);
    assert_int_equal(station->pdu[1], code);
}

/* Asks and hears. */
static inline void station_read(struct station *station, uint8_t unit,
                                uint8_t function, unsigned address,
                                unsigned count)
{
    station_say_read(station, unit, function, address, count);
    station_hear(station);
    assert_int_equal(station->pdu[0] & 0x7F, function);
}

#endif

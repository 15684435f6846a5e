/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of configuration while polling goes on: what is not touched does
 * not notice, what is moved or renamed keeps its identity, what goes is
 * retired.
 */
#include "test_meter_rig.h"

enum { PEERS = 3 };

struct world {
    struct rig rig;
    struct peer peer[PEERS];
};

static void open_world(struct world *world)
{
    rig_open(&world->rig);
    rig_map(&world->rig, "two", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
            "current_l1,3,500,1,u16,-,1,A,fast,,,,\n");
    peer_open_tcp(&world->peer[0], &world->rig, false, peer_answer);
    peer_open_tcp(&world->peer[1], &world->rig, false, peer_answer);
    peer_open_serial(&world->peer[2], &world->rig, peer_answer);
}

static void close_world(struct world *world)
{
    rig_stop(&world->rig);
    for (size_t i = 0; i < PEERS; i++)
        peer_close(&world->peer[i]);
    rig_close(&world->rig);
}

/* The lines a, b (TCP) and c (serial), and these meters. */
static const char *settings(struct world *world, const char *meters)
{
    static char yaml[4096];

    snprintf(yaml, sizeof(yaml),
             "lines:\n"
             "  - { name: a, tcp: { host: 127.0.0.1, port: %s } }\n"
             "  - { name: b, tcp: { host: 127.0.0.1, port: %s } }\n"
             "  - { name: c, serial: { port: %s, parity: none } }\n"
             "meters:\n%s",
             world->peer[0].at.port, world->peer[1].at.port,
             world->peer[2].at.port, meters);
    return yaml;
}

#define METER(name, line, unit)                                                \
    "  - { name: " name ", line: " line ", unit: " unit                        \
    ", profile: two, every: 100ms }\n"

/* The named points have a good sample that is newer than a moment. */
struct fresh {
    struct rig *rig;
    const char *const *names;
    int64_t after_ms;
};

static bool is_fresh(void *arg)
{
    const struct fresh *fresh = arg;

    for (const char *const *name = fresh->names; *name != NULL; name++) {
        const struct kw_point *point =
            kw_points_find(fresh->rig->fixture.core.points, *name);

        if (point == NULL || point->retired ||
            point->latest.quality != KW_QUALITY_GOOD ||
            point->latest.time_ms <= fresh->after_ms)
            return false;
    }
    return true;
}

static void wait_fresh(struct world *world, const char *const *names)
{
    struct fresh fresh = {&world->rig, names,
                          kw_clock_wall_ms(&kw_clock_system)};

    kw_fixture_until(&world->rig.fixture, is_fresh, &fresh);
}

static void wait_for(struct world *world, const char *first, const char *second)
{
    const char *names[] = {first, second, NULL};

    wait_fresh(world, names);
}

static void test_one_more(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    const struct kw_meter_line *before[3];

    (void)state;
    open_world(world);
    rig_start(&world->rig,
              settings(world, METER("m", "a", "1") METER("n", "c", "2")));
    wait_for(world, "m.current_l1", "n.current_l1");
    before[0] = kw_meter_find_line(world->rig.self, "a");
    before[2] = kw_meter_find_line(world->rig.self, "c");
    assert_int_equal(
        rig_change(&world->rig,
                   settings(world, METER("m", "a", "1") METER("o", "b", "3")
                                       METER("n", "c", "2"))),
        0);
    wait_for(world, "m.current_l1", "o.current_l1");
    wait_for(world, "n.current_l1", NULL);
    assert_ptr_equal(before[0], kw_meter_find_line(world->rig.self, "a"));
    assert_ptr_equal(before[2], kw_meter_find_line(world->rig.self, "c"));
    assert_int_equal(world->peer[0].connections, 1);
    assert_int_equal(world->rig.bad, 0);
    assert_int_equal(world->rig.line_down, 0);
    close_world(world);
    free(world);
}

/* The same settings again, in other memory: nobody notices. */
static void test_nothing_changed(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct kw_meter_line *line;

    (void)state;
    open_world(world);
    rig_start(&world->rig, settings(world, METER("m", "a", "1")));
    wait_for(world, "m.current_l1", NULL);
    line = kw_meter_find_line(world->rig.self, "a");
    assert_int_equal(
        rig_change(&world->rig, settings(world, METER("m", "a", "1"))), 0);
    assert_ptr_equal(line, kw_meter_find_line(world->rig.self, "a"));
    wait_for(world, "m.voltage_l1_n", NULL);
    assert_int_equal(world->peer[0].connections, 1);
    close_world(world);
    free(world);
}

/* A meter moves from a TCP line to the serial one and keeps its points; the
 * serial port is opened anew within the same change. */
static void test_moved(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    uint32_t id;

    (void)state;
    open_world(world);
    rig_start(&world->rig,
              settings(world, METER("m", "a", "1") METER("n", "c", "2")));
    wait_for(world, "m.current_l1", "n.current_l1");
    id = rig_point(&world->rig, "m.current_l1")->id;
    assert_int_equal(
        rig_change(&world->rig,
                   settings(world, METER("m", "c", "1") METER("n", "c", "2"))),
        0);
    wait_for(world, "m.current_l1", "n.current_l1");
    assert_int_equal(rig_point(&world->rig, "m.current_l1")->id, id);
    assert_int_equal(world->rig.line_down, 0);
    close_world(world);
    free(world);
}

/* A uid keeps the history of a meter that is renamed. */
static void test_renamed(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    char meters[256];
    uint32_t id;

    (void)state;
    open_world(world);
    rig_start(&world->rig, settings(world, METER("m", "a", "1")));
    wait_for(world, "m.current_l1", NULL);
    id = rig_point(&world->rig, "m.current_l1")->id;
    snprintf(meters, sizeof(meters),
             "  - { name: q, uid: %s, line: a, unit: 1, profile: two, every: "
             "100ms }\n",
             rig_point(&world->rig, "m.current_l1")->source->uid);
    assert_int_equal(rig_change(&world->rig, settings(world, meters)), 0);
    wait_for(world, "q.current_l1", NULL);
    assert_int_equal(rig_point(&world->rig, "q.current_l1")->id, id);
    assert_null(kw_points_find(world->rig.fixture.core.points, "m.current_l1"));
    close_world(world);
    free(world);
}

/* Gone, and switched off: retired, and no more asked for. */
static void test_gone(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    const struct kw_point *point;
    unsigned asks;

    (void)state;
    open_world(world);
    rig_start(&world->rig,
              settings(world, METER("m", "a", "1") METER("n", "b", "2")));
    wait_for(world, "m.current_l1", "n.current_l1");
    point = rig_point(&world->rig, "m.current_l1");
    assert_int_equal(
        rig_change(
            &world->rig,
            settings(
                world,
                METER("n", "b",
                      "2") "  - { name: m, line: a, unit: 1, profile: two, "
                           "every: 100ms, enabled: false }\n")),
        0);
    assert_true(point->retired);
    asks = world->peer[0].asks;
    wait_for(world, "n.voltage_l1_n", NULL);
    wait_for(world, "n.voltage_l1_n", NULL);
    assert_int_equal(world->peer[0].asks, asks);
    assert_int_equal(rig_metric(&world->rig, "meters"), 1);
    assert_true(rig_metric(&world->rig, "polls_total") >
                2); /* those of m too */
    assert_int_equal(rig_change(&world->rig, settings(world, "")), 0);
    assert_int_equal(rig_metric(&world->rig, "meters"), 0);
    assert_int_equal(rig_metric(&world->rig, "lines"), 3);
    close_world(world);
    free(world);
}

/* The lines themselves: another port, another time-out, gone, back. */
static void test_lines(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    char yaml[1024];

    (void)state;
    open_world(world);
    rig_start(&world->rig, settings(world, METER("m", "a", "1")));
    wait_for(world, "m.current_l1", NULL);
    snprintf(yaml, sizeof(yaml),
             "lines:\n  - { name: a, tcp: { host: 127.0.0.1, port: %s }, "
             "timeout: 2s }\nmeters:\n" METER("m", "a", "1"),
             world->peer[1].at.port);
    assert_int_equal(rig_change(&world->rig, yaml), 0);
    wait_for(world, "m.current_l1", NULL);
    assert_true(world->peer[1].asks > 0);
    assert_null(kw_meter_find_line(world->rig.self, "b"));
    assert_int_equal(rig_change(&world->rig, "lines: []\nmeters: []\n"), 0);
    assert_int_equal(rig_metric(&world->rig, "lines"), 0);
    assert_int_equal(
        rig_change(&world->rig, settings(world, METER("m", "a", "1"))), 0);
    wait_for(world, "m.current_l1", NULL);
    close_world(world);
    free(world);
}

/* A register map that was edited counts as a change of those that use it. */
static void test_map_edited(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct kw_meter_line *line;

    (void)state;
    open_world(world);
    rig_map(&world->rig, "other", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n");
    rig_start(
        &world->rig,
        settings(world,
                 METER("m", "a",
                       "1") "  - { name: n, line: b, unit: 1, profile: other, "
                            "every: 100ms }\n"));
    wait_for(world, "m.current_l1", "n.voltage_l1_n");
    line = kw_meter_find_line(world->rig.self, "a");
    rig_map(&world->rig, "other", "",
            "voltage_l1_n,3,700,1,u16,-,1,V,fast,,,,\n");
    assert_int_equal(
        rig_change(
            &world->rig,
            settings(world,
                     METER("m", "a",
                           "1") "  - { name: n, line: b, unit: 1, profile: "
                                "other, every: 100ms }\n")),
        0);
    wait_for(world, "n.voltage_l1_n", NULL);
    assert_true(rig_point(&world->rig, "n.voltage_l1_n")->latest.value == 700);
    assert_ptr_equal(line, kw_meter_find_line(world->rig.self, "a"));
    close_world(world);
    free(world);
}

/* A point that the new profile does not have is retired with the old one. */
static void test_profile_changed(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    const struct kw_point *point;

    (void)state;
    open_world(world);
    rig_map(&world->rig, "other", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n");
    rig_start(&world->rig, settings(world, METER("m", "a", "1")));
    wait_for(world, "m.current_l1", NULL);
    point = rig_point(&world->rig, "m.current_l1");
    assert_int_equal(
        rig_change(&world->rig,
                   settings(world, "  - { name: m, line: a, unit: 1, profile: "
                                   "other, every: 100ms }\n")),
        0);
    wait_for(world, "m.voltage_l1_n", NULL);
    assert_true(point->retired);
    close_world(world);
    free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_more),
        cmocka_unit_test(test_nothing_changed),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_renamed),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_map_edited),
        cmocka_unit_test(test_profile_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

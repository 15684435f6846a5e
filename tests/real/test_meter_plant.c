/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every point of every register map, read from the simulated switchboard on a
 * serial line (true to its baud rate, and strict: a request after too short a
 * silence gets no answer) and over TCP: what the gateway publishes is what a
 * perfect reader of the same registers gets, for patterns, real values and
 * extremes.
 */
#include "test_meter_plant.h"

#include "core/quantity.h"
#include "meter/library.h"

#include <dirent.h>

enum { PROFILES_MAX = 32 };

struct world {
    struct rig rig;
    struct plant plant;
    char profiles[PROFILES_MAX][64];
    size_t profiles_count;
    size_t compared, good;
    struct kw_meter_library library;
    int64_t after_ms;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* All maps but the one that only identifies. */
static void list_profiles(struct world *world)
{
    DIR *dir = opendir(KW_TEST_CONF "/meters");
    const struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        size_t length = strlen(entry->d_name);

        if (!kw_text_ends(entry->d_name, ".csv") ||
            strcmp(entry->d_name, "socomec_identification.csv") == 0)
            continue;
        assert_true(world->profiles_count < PROFILES_MAX && length < 64);
        snprintf(world->profiles[world->profiles_count++], 64, "%.*s",
                 (int)length - 4, entry->d_name);
    }
    closedir(dir);
    qsort(world->profiles, world->profiles_count, 64, by_name);
    assert_true(world->profiles_count >= 15);
}

/* Of two serial lines, for the sake of time, the one that the unit is on. */
static const char *serial_of(unsigned unit)
{
    return unit % 2 == 0 ? "r" : "s";
}

/* Unit i + 1 has profile i; some meters with several loads are read twice. */
static void start_plant(struct world *world)
{
    char meters[2048] = "", r[2100], s[2100], tcp[2100];
    size_t length = 0;

    for (size_t i = 0; i < world->profiles_count; i++)
        length += (size_t)snprintf(meters + length, sizeof(meters) - length,
                                   "%s%zu=%s", i > 0 ? "," : "", i + 1,
                                   world->profiles[i]);
    snprintf(meters + length, sizeof(meters) - length,
             ",100=socomec_diris_b30@1,100=socomec_diris_b30@3");
    snprintf(r, sizeof(r), "r:115200:8N1:%s", meters);
    snprintf(s, sizeof(s), "s:115200:8N1:%s", meters);
    snprintf(tcp, sizeof(tcp), "0:%s", meters);
    plant_start(&world->plant, (const char *const[]){
                                   "--serial", r, "--serial", s, "--tcp", tcp,
                                   "--strict", "--turnaround", "2", NULL});
}

static void put_meter(char **at, const char *end, const char *line,
                      unsigned unit, const char *profile, unsigned load)
{
    *at += snprintf(*at, (size_t)(end - *at),
                    "  - { name: %s_%u_%u, line: %s, unit: %u, profile: %s, "
                    "load: %u, every: 500ms }\n",
                    line, unit, load, line, unit, profile, load);
}

/* No answer is late on a busy machine. */
static void start_gateway(struct world *world)
{
    char yaml[16384], *at = yaml;
    const char *end = yaml + sizeof(yaml);

    at += snprintf(at, (size_t)(end - at),
                   "lines:\n"
                   "  - { name: r, serial: { port: %s/r, baud: 115200, "
                   "parity: none }, timeout: 10s }\n"
                   "  - { name: s, serial: { port: %s/s, baud: 115200, "
                   "parity: none }, timeout: 10s }\n"
                   "  - { name: t, tcp: { host: 127.0.0.1, port: %u, "
                   "in_flight: 4 }, timeout: 10s }\n"
                   "meters:\n",
                   world->plant.dir, world->plant.dir, world->plant.tcp_port);
    for (int tcp = 0; tcp < 2; tcp++) {
        for (unsigned i = 0; i < world->profiles_count; i++)
            put_meter(&at, end, tcp ? "t" : serial_of(i + 1), i + 1,
                      world->profiles[i], 1);
        for (unsigned load = 1; load <= 3; load += 2)
            put_meter(&at, end, tcp ? "t" : serial_of(100), 100,
                      "socomec_diris_b30", load);
    }
    assert_true(at < end);
    rig_start(&world->rig, yaml);
}

/* Every living point has a sample that was asked for after after_ms. A bad one
 * is published once only, so it counts whenever it came. */
static bool all_new(void *arg)
{
    struct world *world = arg;
    const struct kw_points *points = world->rig.fixture.core.points;

    for (size_t i = 0; i < kw_points_count(points); i++) {
        const struct kw_point *point = kw_points_at(points, i);

        if (point->latest.quality == KW_QUALITY_BAD_NEVER ||
            (kw_quality_is_good(point->latest.quality) &&
             point->latest.time_ms <= world->after_ms))
            return false;
    }
    return true;
}

/* Two rounds: a poll that was under way may have read half of the old. */
static void wait_for_new(struct world *world)
{
    for (int round = 0; round < 2; round++) {
        world->after_ms = kw_clock_wall_ms(&kw_clock_system);
        kw_fixture_until(&world->rig.fixture, all_new, world);
    }
}

/* What the value's quality has to be: out of the bounds of its row, or below 0
 * for a counter, it can't be. */
static uint8_t quality_of(const struct kw_map *map,
                          const struct kw_quantity *quantity, double value)
{
    for (size_t i = 0; i < map->count; i++) {
        if (map->points[i].quantity == quantity &&
            (!kw_map_within(&map->points[i].bounds, value) ||
             (quantity->kind == KW_QUANTITY_COUNTER && value < 0)))
            return KW_QUALITY_BAD_IMPLAUSIBLE;
    }
    return KW_QUALITY_GOOD;
}

static void compare_point(struct world *world, const struct kw_map *map,
                          const char *meter, const struct kw_node *truth)
{
    const struct kw_node *quantity = kw_node_get(truth, "quantity");
    const struct kw_node *value = kw_node_get(truth, "value");
    const struct kw_quantity *known =
        kw_quantities_find(world->rig.fixture.quantities, quantity->text);
    const struct kw_point *point;
    char name[128];
    double expected;
    uint8_t quality;

    assert_non_null(known);
    if (known->kind == KW_QUANTITY_TEXT)
        return;
    snprintf(name, sizeof(name), "%s.%s", meter, quantity->text);
    point = rig_point(&world->rig, name);
    world->compared++;
    if (value->kind == KW_NODE_NULL) {
        assert_int_equal(point->latest.quality, KW_QUALITY_BAD_NOT_AVAILABLE);
        return;
    }
    assert_int_equal(kw_text_parse_real(value->text, &expected), 0);
    quality = quality_of(map, known, expected);
    world->good += kw_quality_is_good(quality);
    if (point->latest.quality != quality ||
        (kw_quality_is_good(quality) &&
         fabs(point->latest.value - expected) > 1e-12 * fabs(expected)))
        fail_msg("%s: %s %.17g, expected %.17g", name,
                 kw_quality_name(point->latest.quality), point->latest.value,
                 expected);
}

static const struct kw_map *map_of(struct world *world, unsigned unit)
{
    const char *profile =
        unit == 100 ? "socomec_diris_b30" : world->profiles[unit - 1];
    struct kw_map *map;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(
        kw_meter_library_get(&world->library, profile, &map, &diag), 0);
    kw_diag_fini(&diag);
    return map;
}

static void compare_meter(struct world *world, const char *line,
                          const char *plant_line, unsigned unit, unsigned load)
{
    const struct kw_node *points = kw_node_get(
        plant_ask(&world->plant, "values %s %u.%u", plant_line, unit, load),
        "points");
    char meter[64];

    assert_non_null(points);
    snprintf(meter, sizeof(meter), "%s_%u_%u", line, unit, load);
    for (const struct kw_node *at = points->first; at != NULL; at = at->next)
        compare_point(world, map_of(world, unit), meter, at);
}

/* The gateway starts anew each time: counters that jump are believed after
 * minutes, but the first value is taken as it is. */
static void compare_all(struct world *world)
{
    char port[16];

    start_gateway(world);
    snprintf(port, sizeof(port), "%u", world->plant.tcp_port);
    wait_for_new(world);
    for (unsigned i = 1; i <= world->profiles_count; i++) {
        compare_meter(world, serial_of(i), serial_of(i), i, 1);
        compare_meter(world, "t", port, i, 1);
    }
    for (unsigned load = 1; load <= 3; load += 2) {
        compare_meter(world, serial_of(100), serial_of(100), 100, load);
        compare_meter(world, "t", port, 100, load);
    }
    assert_int_equal(rig_metric(&world->rig, "timeouts_total"), 0);
    assert_int_equal(rig_metric(&world->rig, "crc_errors_total"), 0);
    /* Blocks that hold the same are asked twice (meter/trust.h). */
    assert_true(rig_metric(&world->rig, "foreign_total") < 64);
    assert_int_equal(rig_metric(&world->rig, "exceptions_total"), 0);
    rig_stop(&world->rig);
}

/* The plant saw no request that came too early. */
static void check_silence(struct world *world)
{
    static const char *const names[] = {"r", "s"};
    const struct kw_node *line =
        kw_node_get(plant_ask(&world->plant, "stats"), "lines")->first;

    for (size_t i = 0; i < 2; i++, line = line->next) {
        assert_string_equal(kw_node_get(line, "line")->text, names[i]);
        assert_true(plant_number(line, "requests") > 250);
        assert_true(plant_number(line, "too_short_gaps") == 0);
        assert_true(plant_number(line, "bad_requests") == 0);
    }
}

/* Forces all points to an extreme, as far as their types have it. */
static void set_all(struct world *world, const char *what)
{
    const struct kw_points *points = world->rig.fixture.core.points;
    char port[16];

    snprintf(port, sizeof(port), "%u", world->plant.tcp_port);
    for (size_t i = 0; i < kw_points_count(points); i++) {
        const struct kw_point *point = kw_points_at(points, i);
        const char *name = point->source->name;
        const char line[] = {name[0], '\0'};
        const char *unit = name + 2, *load = strrchr(name, '_') + 1;

        (void)plant_ask(
            &world->plant, "set %.*s.%s@%s %s %s", (int)(load - unit - 1), unit,
            load, line[0] == 't' ? port : line, point->quantity->name, what);
    }
}

static void test_every_point(void **state)
{
    static const char *const extremes[] = {"min", "max", "negative", "na"};
    struct world *world = calloc(1, sizeof(*world));

    (void)state;
    assert_non_null(world);
    list_profiles(world);
    rig_open(&world->rig);
    kw_meter_library_init(&world->library, &world->rig.fixture.core.env);
    start_plant(world);
    plant_ask(&world->plant, "freeze");
    compare_all(world);
    plant_ask(&world->plant, "pattern");
    compare_all(world);
    for (size_t i = 0; i < 4; i++) {
        set_all(world, extremes[i]);
        compare_all(world);
    }
    plant_ask(&world->plant, "clear");
    compare_all(world);
    assert_true(world->compared > 7000 && world->good > 5000);
    check_silence(world);
    kw_meter_library_fini(&world->library);
    plant_stop(&world->plant);
    rig_close(&world->rig);
    free(world);
}

/* Texts and numbers that identify are attributes, read after connecting. */
static void test_attributes(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct rig_reply reply;

    (void)state;
    assert_non_null(world);
    list_profiles(world);
    rig_open(&world->rig);
    start_plant(world);
    start_gateway(world);
    wait_for_new(world);
    rig_call(&world->rig, &reply, "/meters", NULL);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"attributes\":{\"info_name\":\""));
    assert_non_null(strstr(reply.body, "\"info_serial\":\""));
    assert_non_null(strstr(reply.body, "\"state\":\"up\""));
    rig_reply_fini(&reply);
    rig_stop(&world->rig);
    plant_stop(&world->plant);
    rig_close(&world->rig);
    free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_point),
        cmocka_unit_test(test_attributes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

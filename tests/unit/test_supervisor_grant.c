/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for writing, and who gives way to a newcomer. */
#include "supervisor/grant.h"
#include "supervisor/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct kw_station numbered(unsigned number)
{
    struct kw_station station = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2}};

    station.bytes[15] = (uint8_t)number;
    return station;
}

static void test_rules(void **state)
{
    static const unsigned char values[250];
    struct kw_cidr one, net;
    struct kw_supervisor_rule rules[] = {
        {.stations = &one, .count = 1, .unit = 5, .first = 100, .last = 110},
        {.stations = &net,
         .count = 1,
         .unit = 6,
         .coils = true,
         .first = 0,
         .last = 65535},
    };
    static const struct {
        unsigned station;
        struct kw_meter_ask ask;
        bool may;
    } rows[] = {
        {7, {5, 6, 100, 1, 0, values}, true},
        {7, {5, 6, 110, 1, 0, values}, true},
        {7, {5, 6, 99, 1, 0, values}, false},
        {7, {5, 6, 111, 1, 0, values}, false},
        {7, {5, 16, 100, 11, 0, values}, true},
        {7, {5, 16, 100, 12, 0, values}, false},
        {7, {5, 16, 99, 2, 0, values}, false},
        {7, {5, 5, 100, 1, 0, values}, false}, /* a coil */
        {7, {5, 15, 100, 1, 0, values}, false},
        {7, {6, 6, 100, 1, 0, values}, false}, /* another unit */
        {8, {5, 6, 100, 1, 0, values}, false}, /* another station */
        {8, {6, 5, 65535, 1, 0, values}, true},
        {8, {6, 15, 0, 1968, 0, values}, true},
        {8, {6, 6, 0, 1, 0, values}, false}, /* a register */
    };

    (void)state;
    assert_int_equal(kw_cidr_parse("192.0.2.7", &one), 0);
    assert_int_equal(kw_cidr_parse("192.0.2.0/24", &net), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_station station = numbered(rows[i].station);

        if (kw_supervisor_may_write(rules, 2, &station, &rows[i].ask) !=
            rows[i].may)
            fail_msg("row %zu", i);
    }
    assert_false(kw_supervisor_may_write(NULL, 0, &one.first, &rows[0].ask));
}

enum { NOW = 100000, MAX = KW_SUPERVISOR_CONNECTIONS_MAX };

/* Guests of stations 1, 2, 3, ... that asked just now, one later than the
 * other. */
static size_t fill(struct kw_supervisor_guest *guests, size_t count,
                   unsigned each)
{
    for (size_t i = 0; i < count; i++)
        guests[i] = (struct kw_supervisor_guest){
            .station = numbered((unsigned)i / each + 1),
            .active_ms = NOW - 100 + i,
            .asked = true,
        };
    return count;
}

static void test_room_is_free(void **state)
{
    struct kw_supervisor_guest guests[MAX] = {0};
    struct kw_station other = numbered(99), first = numbered(1);

    (void)state;
    assert_int_equal(kw_supervisor_room(guests, 0, &other, NOW),
                     KW_SUPERVISOR_ROOM_FREE);
    fill(guests, MAX - 1, 4);
    assert_int_equal(kw_supervisor_room(guests, MAX - 1, &other, NOW),
                     KW_SUPERVISOR_ROOM_FREE);
    assert_int_equal(kw_supervisor_room(guests, 3, &first, NOW),
                     KW_SUPERVISOR_ROOM_FREE);
}

/* Those that work keep their place, whoever comes. */
static void test_nobody_goes(void **state)
{
    struct kw_supervisor_guest guests[MAX];
    struct kw_station other = numbered(99), first = numbered(1);

    (void)state;
    fill(guests, MAX, 4);
    assert_int_equal(kw_supervisor_room(guests, MAX, &other, NOW),
                     KW_SUPERVISOR_ROOM_NONE);
    assert_int_equal(kw_supervisor_room(guests, 4, &first, NOW),
                     KW_SUPERVISOR_ROOM_NONE);
}

static void test_oldest_idle_goes(void **state)
{
    struct kw_supervisor_guest guests[MAX];
    struct kw_station other = numbered(99), first = numbered(1);

    (void)state;
    fill(guests, MAX, 4);
    guests[9].active_ms = NOW - KW_SUPERVISOR_SPARED_MS;
    assert_int_equal(kw_supervisor_room(guests, MAX, &other, NOW), 9);
    guests[12].active_ms = NOW - KW_SUPERVISOR_SPARED_MS - 1;
    assert_int_equal(kw_supervisor_room(guests, MAX, &other, NOW), 12);
    guests[12].busy = true;
    assert_int_equal(kw_supervisor_room(guests, MAX, &other, NOW), 9);
    /* A station that has its share gives way to itself. */
    assert_int_equal(kw_supervisor_room(guests, MAX, &first, NOW),
                     KW_SUPERVISOR_ROOM_NONE);
    guests[2].active_ms = 5;
    guests[3].active_ms = 4;
    assert_int_equal(kw_supervisor_room(guests, MAX, &first, NOW), 3);
    assert_int_equal(kw_supervisor_room(guests, 4, &first, NOW), 3);
}

/* Who only connected goes before who ever asked, and at once. */
static void test_silent_goes_first(void **state)
{
    struct kw_supervisor_guest guests[MAX];
    struct kw_station other = numbered(99);

    (void)state;
    fill(guests, MAX, 1);
    guests[3].active_ms = 1;
    guests[7].asked = guests[8].asked = false;
    guests[7].active_ms = NOW - 1;
    guests[8].active_ms = NOW - 2;
    assert_int_equal(kw_supervisor_room(guests, MAX, &other, NOW), 8);
    guests[8].busy = true;
    assert_int_equal(kw_supervisor_room(guests, MAX, &other, NOW), 7);
    guests[7].busy = true;
    assert_int_equal(kw_supervisor_room(guests, MAX, &other, NOW), 3);
}

/* Who has hung up goes before everybody. */
static void test_gone(void **state)
{
    struct kw_supervisor_guest guests[MAX];
    struct kw_station other = numbered(99), first = numbered(1);

    (void)state;
    fill(guests, MAX, 4);
    guests[7].asked = false;
    guests[9].gone = guests[10].gone = guests[10].busy = true;
    assert_int_equal(kw_supervisor_room(guests, MAX, &other, NOW), 9);
    guests[9].gone = false;
    assert_int_equal(kw_supervisor_room(guests, MAX, &other, NOW), 10);
    guests[3].gone = true;
    assert_int_equal(kw_supervisor_room(guests, MAX, &first, NOW), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_room_is_free),
        cmocka_unit_test(test_nobody_goes),
        cmocka_unit_test(test_oldest_idle_goes),
        cmocka_unit_test(test_silent_goes_first),
        cmocka_unit_test(test_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

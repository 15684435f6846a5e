/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct kw_meter_ask voltages = {5, 3, 100, 2};
static const struct kw_meter_ask currents = {5, 3, 200, 2};
static const struct kw_meter_ask energies = {5, 3, 300, 4};
static const unsigned char first[] = {3, 4, 0, 1, 0, 2};
static const unsigned char second[] = {3, 4, 0, 3, 0, 4};
static const unsigned char third[] = {3, 4, 0, 5, 0, 6};
static const unsigned char longer[] = {3, 8, 0, 1, 0, 2, 0, 3, 0, 4};
static const unsigned char refusal[] = {0x83, 2};
static const unsigned char marked[] = {3, 2, 0, 9};
enum { LENGTH = sizeof(first) };

static const uint64_t ms = 1000000;

static struct kw_meter_trust *fresh(void)
{
    static struct kw_meter_trust trust;

    memset(&trust, 0, sizeof(trust));
    return &trust;
}

static void take(struct kw_meter_trust *trust, const struct kw_meter_ask *ask,
                 const unsigned char *pdu, uint64_t at_ms)
{
    kw_meter_trust_taken(trust, ask, (at_ms - 10) * ms, pdu, LENGTH,
                         at_ms * ms);
}

/* What has been taken for one block is no answer to another one at first; after
 * a marker it is, and from then on. */
static void test_twin(void **state)
{
    struct kw_meter_trust *trust = fresh();

    (void)state;
    assert_false(kw_meter_trust_twin(trust, &voltages, first, LENGTH));
    take(trust, &voltages, first, 100);
    assert_false(kw_meter_trust_twin(trust, &voltages, first, LENGTH));
    assert_false(kw_meter_trust_twin(trust, &currents, second, LENGTH));
    assert_true(kw_meter_trust_twin(trust, &currents, first, LENGTH));
    kw_meter_trust_marked(trust, 5, marked, sizeof(marked), 200 * ms);
    /* A marker alone says nothing about copies. */
    assert_true(kw_meter_trust_twin(trust, &currents, first, LENGTH));
    kw_meter_trust_set_aside(trust, 5, first, LENGTH);
    kw_meter_trust_doubted(trust, &currents);
    assert_true(kw_meter_trust_suspects(trust, 5));
    assert_true(kw_meter_trust_twin(trust, &currents, first, LENGTH));
    kw_meter_trust_marked(trust, 5, marked, sizeof(marked), 200 * ms);
    assert_false(kw_meter_trust_suspects(trust, 5));
    assert_false(kw_meter_trust_twin(trust, &currents, first, LENGTH));
    take(trust, &currents, first, 210);
    assert_false(kw_meter_trust_twin(trust, &voltages, first, LENGTH));
    assert_false(kw_meter_trust_twin(trust, &currents, first, LENGTH));
}

/* Two meters share the unit (loads) and both have twins: the marker before the
 * one's second request proves the other's as well, and the replies to other
 * requests in between change nothing. */
static void test_two_asides(void **state)
{
    struct kw_meter_trust *trust = fresh();

    (void)state;
    take(trust, &voltages, first, 100);
    take(trust, &currents, second, 110);
    kw_meter_trust_set_aside(trust, 5, first, LENGTH);
    kw_meter_trust_doubted(trust, &currents);
    kw_meter_trust_marked(trust, 5, marked, sizeof(marked), 120 * ms);
    kw_meter_trust_set_aside(trust, 5, second, LENGTH);
    kw_meter_trust_doubted(trust, &voltages);
    assert_true(kw_meter_trust_twin(trust, &currents, first, LENGTH));
    kw_meter_trust_marked(trust, 5, marked, sizeof(marked), 130 * ms);
    take(trust, &energies, third, 140);
    assert_false(kw_meter_trust_twin(trust, &currents, first, LENGTH));
    take(trust, &currents, first, 150);
    assert_false(kw_meter_trust_twin(trust, &voltages, second, LENGTH));
    take(trust, &voltages, second, 160);
    /* A copy of that one proves nothing for a block it is not known of. */
    take(trust, &voltages, third, 170);
    assert_true(kw_meter_trust_twin(trust, &currents, third, LENGTH));
}

/* Also when the block has been answered otherwise since. */
static void test_old_twin(void **state)
{
    struct kw_meter_trust *trust = fresh();

    (void)state;
    take(trust, &voltages, first, 100);
    take(trust, &voltages, third, 200);
    assert_true(kw_meter_trust_twin(trust, &currents, first, LENGTH));
    /* A frame that came late, or that nobody waited for. */
    kw_meter_trust_late(trust, 5, second, LENGTH);
    assert_true(kw_meter_trust_twin(trust, &currents, second, LENGTH));
    kw_meter_trust_reset(trust);
    assert_false(kw_meter_trust_twin(trust, &currents, first, LENGTH));
}

/* What a block said before the last time may be a copy while surplus replies
 * come on the line, whichever unit they are of; else it is a value that goes
 * to and fro. */
static void test_older(void **state)
{
    struct kw_meter_trust *trust = fresh();
    const uint64_t late = (50 + KW_METER_HABIT_MS) * ms;

    (void)state;
    take(trust, &voltages, first, 20);
    take(trust, &voltages, second, 30);
    assert_false(kw_meter_trust_older(trust, &voltages, first, LENGTH, 40));
    kw_meter_trust_copied(trust, 6, 50 * ms);
    assert_true(kw_meter_trust_older(trust, &voltages, first, LENGTH, late));
    assert_false(kw_meter_trust_older(trust, &voltages, second, LENGTH, late));
    assert_false(kw_meter_trust_older(trust, &voltages, third, LENGTH, late));
    assert_false(kw_meter_trust_older(trust, &currents, first, LENGTH, late));
    assert_false(
        kw_meter_trust_older(trust, &voltages, first, LENGTH, late + 1));
    take(trust, &voltages, first, 70);
    assert_true(kw_meter_trust_older(trust, &voltages, second, LENGTH, late));
    kw_meter_trust_reset(trust);
    assert_false(kw_meter_trust_older(trust, &voltages, second, LENGTH, late));
}

/* Refusals are alike: only the one right before counts, and not while the
 * refused part of a block is searched. */
static void test_refusals(void **state)
{
    static const struct kw_meter_ask part = {5, 3, 101, 1};
    struct kw_meter_trust *trust = fresh();

    (void)state;
    kw_meter_trust_taken(trust, &voltages, 1, refusal, 2, 2);
    assert_false(kw_meter_trust_twin(trust, &part, refusal, 2));
    assert_true(kw_meter_trust_twin(trust, &currents, refusal, 2));
    take(trust, &energies, longer, 100);
    assert_false(kw_meter_trust_twin(trust, &currents, refusal, 2));
}

/* Also in the last of the places. */
static void test_last_refusal(void **state)
{
    struct kw_meter_trust *trust = fresh();

    (void)state;
    for (unsigned i = 0; i + 1 < KW_METER_TAKEN_MAX; i++) {
        const unsigned char pdu[LENGTH] = {
            3, 4, 0, 1, (unsigned char)(i >> 8), (unsigned char)i};

        take(trust, &energies, pdu, 100);
    }
    kw_meter_trust_taken(trust, &voltages, 1, refusal, 2, 2);
    assert_true(kw_meter_trust_twin(trust, &currents, refusal, 2));
}

/* A reply too many: a copy of what was taken is harmless. */
static void test_surplus(void **state)
{
    static const struct {
        const unsigned char *pdu;
        size_t length;
        uint8_t unit;
        bool copy, stray;
    } rows[] = {
        {second, LENGTH, 5, true, false}, /* the newest of its block */
        {first, LENGTH, 5, true, false},
        {third, LENGTH, 5, false, true},  /* it fits, and is another */
        {third, LENGTH, 6, false, false}, /* another unit's */
        {refusal, 2, 5, false, true},     /* of either block */
        {longer, 10, 5, false, false},    /* of nothing that was asked */
        {marked, 4, 5, true, false},      /* the marker's */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_trust *trust = fresh();

        take(trust, &voltages, first, 100);
        kw_meter_trust_marked(trust, 5, marked, sizeof(marked), 110 * ms);
        take(trust, &currents, second, 120);
        assert_int_equal(kw_meter_trust_surplus(trust, rows[i].unit,
                                                rows[i].pdu, rows[i].length,
                                                130 * ms),
                         rows[i].copy);
        assert_int_equal(trust->units[rows[i].unit].strays, rows[i].stray);
        assert_int_equal(kw_meter_trust_suspects(trust, rows[i].unit),
                         rows[i].stray);
    }
}

/* What a block said before is no copy of what was taken: maybe the wrong one
 * was taken this time. */
static void test_surplus_of_before(void **state)
{
    struct kw_meter_trust *trust = fresh();

    (void)state;
    take(trust, &voltages, first, 100);
    take(trust, &voltages, second, 200);
    assert_false(kw_meter_trust_surplus(trust, 5, first, LENGTH, 210 * ms));
    assert_int_equal(trust->units[5].strays, 1);
}

static void test_part(void **state)
{
    static const unsigned char other[] = {5, 3, 6, 0}, nobody[] = {6, 3, 4, 0};
    static const unsigned char part[10] = {5, 3, 4}; /* and more than all */
    const size_t whole = LENGTH + 3;
    struct kw_meter_trust *trust = fresh();

    (void)state;
    take(trust, &voltages, first, 100);
    kw_meter_trust_part(trust, other, sizeof(other), 110 * ms);
    kw_meter_trust_part(trust, nobody, sizeof(nobody), 110 * ms);
    kw_meter_trust_part(trust, part, 2, 110 * ms);
    kw_meter_trust_part(trust, part, whole + 1, 110 * ms);
    assert_int_equal(trust->units[5].strays, 0);
    kw_meter_trust_part(trust, part, 3, 110 * ms);
    kw_meter_trust_part(trust, part, whole, 110 * ms);
    assert_int_equal(trust->units[5].strays, 2);
    assert_true(kw_meter_trust_suspects(trust, 5));
}

/* A unit that repeats is asked only when its copies are over, as long as it
 * does. */
static void test_habit(void **state)
{
    struct kw_meter_trust *trust = fresh();
    uint64_t at_ms = 1000;

    (void)state;
    for (unsigned i = 0; i < KW_METER_HABIT; i++, at_ms += 100) {
        take(trust, &voltages, first, at_ms);
        assert_int_equal(kw_meter_trust_ready_ns(trust, 5, at_ms * ms), 0);
        assert_true(
            kw_meter_trust_surplus(trust, 5, first, LENGTH, (at_ms + 30) * ms));
    }
    take(trust, &voltages, first, at_ms);
    assert_int_equal(kw_meter_trust_ready_ns(trust, 5, at_ms * ms),
                     (at_ms + 50) * ms);
    assert_int_equal(kw_meter_trust_ready_ns(trust, 6, at_ms * ms), 0);
    /* However late a copy is. */
    kw_meter_trust_copied(trust, 5, (at_ms + 5000) * ms);
    assert_int_equal(kw_meter_trust_ready_ns(trust, 5, (at_ms + 5000) * ms),
                     (at_ms + KW_METER_CALM_MAX_MS) * ms);
    at_ms += 5001 + KW_METER_HABIT_MS;
    take(trust, &voltages, first, at_ms);
    assert_int_equal(kw_meter_trust_ready_ns(trust, 5, at_ms * ms), 0);
    /* One copy later is no habit again. */
    kw_meter_trust_copied(trust, 5, (at_ms + 1) * ms);
    assert_int_equal(kw_meter_trust_ready_ns(trust, 5, at_ms * ms), 0);
}

/* A meter that does not answer markers is believed after three. */
static void test_no_markers(void **state)
{
    struct kw_meter_trust *trust = fresh();

    (void)state;
    kw_meter_trust_unmarked(trust, 5);
    kw_meter_trust_doubted(trust, &voltages);
    for (unsigned i = 0; i < KW_METER_MARKERS_MAX; i++) {
        assert_true(kw_meter_trust_suspects(trust, 5));
        kw_meter_trust_unmarked(trust, 5);
    }
    assert_false(kw_meter_trust_suspects(trust, 5));
}

static void test_alike(void **state)
{
    static const struct kw_meter_ask same = {5, 3, 7, 2}, other = {5, 3, 7, 3};
    struct kw_meter_trust *trust = fresh();

    (void)state;
    take(trust, &voltages, first, 100);
    assert_true(kw_meter_trust_alike(trust, &same));
    assert_false(kw_meter_trust_alike(trust, &other));
}

/* Twice the longest of late, not less than 20 ms from the reply on and not more
 * than a second; 40 ms at first. */
static void test_settled(void **state)
{
    struct kw_meter_trust *trust = fresh();

    (void)state;
    kw_meter_trust_taken(trust, &voltages, 1000 * ms, first, LENGTH, 1005 * ms);
    assert_int_equal(kw_meter_trust_settled_ns(trust, 5), 1040 * ms);
    kw_meter_trust_taken(trust, &voltages, 2000 * ms, first, LENGTH, 2080 * ms);
    assert_int_equal(kw_meter_trust_settled_ns(trust, 5), 2160 * ms);
    kw_meter_trust_taken(trust, &voltages, 3000 * ms, first, LENGTH, 5000 * ms);
    assert_int_equal(kw_meter_trust_settled_ns(trust, 5), 5020 * ms);
    assert_int_equal(kw_meter_trust_usual_ns(trust, 5),
                     2 * KW_METER_SETTLE_MAX_MS * ms);
    for (unsigned i = 0; i < 1000; i++)
        kw_meter_trust_taken(trust, &voltages, 6000 * ms, first, LENGTH,
                             6005 * ms);
    assert_int_equal(kw_meter_trust_settled_ns(trust, 5), 6025 * ms);
    /* A stray shows how long the unit takes, too. */
    assert_false(kw_meter_trust_surplus(trust, 5, third, LENGTH, 6040 * ms));
    assert_int_equal(kw_meter_trust_usual_ns(trust, 5), 80 * ms);
}

/* A late reply twice in a row is one late reply, unless a request has left in
 * between: a meter that always says the same may be late twice. */
static void test_late_again(void **state)
{
    struct kw_meter_trust *trust = fresh();

    (void)state;
    assert_false(kw_meter_trust_late_again(trust, 5, first, LENGTH, 100 * ms));
    kw_meter_trust_late(trust, 5, first, LENGTH);
    assert_false(kw_meter_trust_late_again(trust, 5, second, LENGTH, 110 * ms));
    assert_false(kw_meter_trust_late_again(trust, 6, first, LENGTH, 110 * ms));
    assert_false(kw_meter_trust_wary(trust, 110 * ms));
    assert_true(kw_meter_trust_late_again(trust, 5, first, LENGTH, 110 * ms));
    assert_true(kw_meter_trust_wary(trust, 110 * ms));
    assert_true(kw_meter_trust_seen(trust, 5, first, LENGTH, 110 * ms));
    assert_false(kw_meter_trust_seen(trust, 5, second, LENGTH, 110 * ms));
    assert_false(kw_meter_trust_seen(trust, 6, first, LENGTH, 110 * ms));
    assert_false(kw_meter_trust_seen(trust, 5, first, LENGTH, 20000 * ms));
    kw_meter_trust_sent(trust);
    assert_false(kw_meter_trust_late_again(trust, 5, first, LENGTH, 120 * ms));
}

/* The ring is full: the oldest are forgotten, contents known to be in several
 * blocks too. */
static void test_ceiling(void **state)
{
    struct kw_meter_trust *trust = fresh();
    unsigned char pdu[] = {3, 4, 0, 0, 0, 0};

    (void)state;
    take(trust, &voltages, first, 100);
    for (unsigned i = 0; i <= KW_METER_TAKEN_MAX; i++) {
        pdu[3] = (unsigned char)(i >> 8);
        pdu[4] = (unsigned char)i;
        take(trust, &currents, pdu, 200 + i);
    }
    assert_false(kw_meter_trust_twin(trust, &currents, first, LENGTH));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twin),
        cmocka_unit_test(test_two_asides),
        cmocka_unit_test(test_old_twin),
        cmocka_unit_test(test_older),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_last_refusal),
        cmocka_unit_test(test_surplus),
        cmocka_unit_test(test_surplus_of_before),
        cmocka_unit_test(test_part),
        cmocka_unit_test(test_habit),
        cmocka_unit_test(test_no_markers),
        cmocka_unit_test(test_alike),
        cmocka_unit_test(test_settled),
        cmocka_unit_test(test_late_again),
        cmocka_unit_test(test_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

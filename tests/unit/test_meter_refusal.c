/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_codes(void **state)
{
    static const struct {
        unsigned code;
        enum kw_meter_refusal refusal;
    } rows[] = {
        {1, KW_METER_REFUSAL_FUNCTION}, {2, KW_METER_REFUSAL_NARROWS},
        {3, KW_METER_REFUSAL_NARROWS},  {4, KW_METER_REFUSAL_FAILS},
        {5, KW_METER_REFUSAL_BUSY},     {6, KW_METER_REFUSAL_BUSY},
        {7, KW_METER_REFUSAL_FAILS},    {8, KW_METER_REFUSAL_FAILS},
        {10, KW_METER_REFUSAL_FAILS},   {11, KW_METER_REFUSAL_FAILS},
        {0, KW_METER_REFUSAL_FAILS},    {255, KW_METER_REFUSAL_FAILS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_meter_refusal(rows[i].code), rows[i].refusal);
}

/* A block of a meter: missing points, and gaps that must not be read over. */
struct block {
    const char *points; /* '+' has it, '-' has not; '|' before: a gap */
    unsigned asks;      /* most requests that the search may take */
    const char *found;  /* what comes out: blocks in brackets, '-' missing */
};

/* Length without the gaps. */
static unsigned length_of(const char *points)
{
    unsigned length = 0;

    for (; *points != 0; points++)
        length += *points != '|';
    return length;
}

/* Does the meter answer when count points from first are asked? */
static bool answers(const char *points, unsigned first, unsigned count)
{
    unsigned at = 0;

    for (; *points != 0; points++) {
        if (*points == '|') {
            if (at > first && at < first + count)
                return false;
            continue;
        }
        if (at >= first && at < first + count && *points == '-')
            return false;
        at++;
    }
    return true;
}

/* What has been found, as text. */
struct found {
    char text[256];
    size_t length;
};

static void put(struct found *found, const char *text)
{
    found->length +=
        (size_t)snprintf(found->text + found->length,
                         sizeof(found->text) - found->length, "%s", text);
}

static void put_block(struct found *found, unsigned points)
{
    put(found, "[");
    while (points-- > 0)
        put(found, "+");
    put(found, "]");
}

/* The search over a whole block, as a device does it. */
static unsigned search(const struct block *block, struct found *found)
{
    struct kw_meter_narrow narrow = {.good = 0};
    unsigned first = 0, points = length_of(block->points), asks = 0;

    found->text[0] = 0;
    found->length = 0;
    while (points > 0) {
        unsigned count = kw_meter_narrow_ask(&narrow, points);
        bool good = answers(block->points, first, count);
        enum kw_meter_narrowed step =
            kw_meter_narrow_step(&narrow, points, count, good);
        unsigned done = step == KW_METER_NARROW_WHOLE     ? points
                        : step == KW_METER_NARROW_SPLIT   ? narrow.good
                        : step == KW_METER_NARROW_MISSING ? 1
                                                          : 0;

        assert_in_range(count, 1, points);
        assert_true(++asks < 1000);
        if (step == KW_METER_NARROW_MISSING)
            put(found, "-");
        else if (done > 0)
            put_block(found, done);
        first += done;
        points -= done;
        if (done > 0)
            narrow = (struct kw_meter_narrow){
                .first_alone = step == KW_METER_NARROW_SPLIT};
    }
    return asks;
}

static void test_search(void **state)
{
    static const struct block rows[] = {
        {"+", 1, "[+]"},
        {"-", 1, "-"},
        {"++++++++", 1, "[++++++++]"},
        {"-+++++++", 5, "-[+++++++]"},
        {"+-", 3, "[+]-"},
        {"+++-++++", 7, "[+++]-[++++]"},
        {"+++++++-", 6, "[+++++++]-"},
        {"++--++", 9, "[++]--[++]"},
        {"+-++-+", 12, "[+]-[++]-[+]"},
        {"---", 5, "---"},
        {"++|++", 4, "[++][++]"},
        {"+|+|+", 6, "[+][+][+]"},
        {"++-|++", 8, "[++]-[++]"},
        {"+++++++++++++++++++++++++++++++++++++++++-++++++++++++++++++++++", 10,
         "[+++++++++++++++++++++++++++++++++++++++++]-"
         "[++++++++++++++++++++++]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct found found;
        unsigned asks = search(&rows[i], &found);

        assert_string_equal(found.text, rows[i].found);
        if (asks > rows[i].asks)
            fail_msg("%s took %u requests", rows[i].points, asks);
    }
}

/* Every pattern of ten points is found right, gaps or not. */
static void test_all_patterns(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 1024; bits++) {
        struct block block = {.asks = 0};
        char points[11] = "", plain[11] = "";
        struct found found;
        size_t length = 0;

        for (unsigned i = 0; i < 10; i++)
            points[i] = (bits >> i & 1) != 0 ? '-' : '+';
        block.points = points;
        assert_in_range(search(&block, &found), 1, 40);
        for (const char *at = found.text; *at != 0; at++) {
            if (*at == '+' || *at == '-')
                plain[length++] = *at;
        }
        assert_string_equal(plain, points);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_all_patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

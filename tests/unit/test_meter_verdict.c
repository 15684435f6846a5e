/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/verdict.h"

#include "base/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A line of at most four meters; units 5 to 8. What is not said is 0. */
struct row {
    const char *what;
    struct kw_meter_counts meters[4];
    size_t count;
    struct kw_meter_counts line;
    double demand;
    bool tcp, down;
    uint8_t exception;
    uint32_t refused;        /* points of unit 5 */
    struct kw_meter_gap gap; /* of unit 5 */
    const char *line_key;
    const char *keys[4];
};

#define GOOD(n) .requests = (n), .answers = (n), .rtt_sum_us = (n)*20000ULL
#define DEAD(n) .requests = (n), .timeouts = (n)
#define ROT(n) .requests = (n), .crc = (n)
/* Of 1,000 requests so many failed. */
#define CRC(n)                                                                 \
    .requests = 1000, .answers = 1000 - (n), .crc = (n), .rtt_sum_us = 1
#define LOST(n)                                                                \
    .requests = 1000, .answers = 1000 - (n), .timeouts = (n), .rtt_sum_us = 1

static const struct row rows[] = {
    {"nobody", {{0}}, 0, .line_key = "", .keys = {NULL}},
    {"nothing asked yet", {{0}, {0}}, 2, .line_key = "", .keys = {"", ""}},
    {"all well",
     {{GOOD(1000)}, {GOOD(10)}},
     2,
     .line_key = "",
     .keys = {"", ""}},
    {"a lost frame",
     {{CRC(1)}, {LOST(2)}},
     2,
     .line_key = "",
     .keys = {"", ""}},
    {"few of very many",
     {{.requests = 100000, .answers = 99990, .crc = 10, .rtt_sum_us = 1}},
     1,
     .line_key = "",
     .keys = {""}},
    {"too few to speak of a share",
     {{.requests = 40, .answers = 36, .crc = 4, .rtt_sum_us = 1}},
     1,
     .line_key = "",
     .keys = {""}},
    /* no answer */
    {"one of two",
     {{DEAD(6)}, {GOOD(100)}},
     2,
     .line_key = "",
     .keys = {"meter_silent", ""}},
    {"two requests say nothing",
     {{DEAD(2)}, {GOOD(100)}},
     2,
     .line_key = "",
     .keys = {"", ""}},
    {"the only one",
     {{DEAD(6)}},
     1,
     .line_key = "",
     .keys = {"meter_silent_serial"}},
    {"the only one behind a gateway",
     {{DEAD(6)}},
     1,
     .tcp = true,
     .line_key = "",
     .keys = {"meter_silent_tcp"}},
    {"all",
     {{DEAD(6)}, {DEAD(3)}, {0}},
     3,
     .line_key = "line_silent",
     .keys = {"meter_silent_all", "meter_silent_all", ""}},
    {"all behind a gateway",
     {{DEAD(6)}, {DEAD(3)}},
     2,
     .tcp = true,
     .line_key = "line_silent_tcp",
     .keys = {"meter_silent_all", "meter_silent_all"}},
    {"the line is down",
     {{DEAD(6)}, {DEAD(3)}},
     2,
     .down = true,
     .line_key = "",
     .keys = {"", ""}},
    /* nothing that can be read */
    {"one garbled",
     {{ROT(6)}, {GOOD(100)}},
     2,
     .line_key = "",
     .keys = {"meter_garbled", ""}},
    {"all garbled",
     {{ROT(6)}, {ROT(9)}, {DEAD(6)}},
     3,
     .line_key = "line_garbled",
     .keys = {"meter_garbled_all", "meter_garbled_all", "meter_silent"}},
    {"the only one garbled",
     {{ROT(6)}},
     1,
     .line_key = "",
     .keys = {"meter_garbled_all"}},
    /* CRC errors */
    {"on one",
     {{CRC(30)}, {GOOD(1000)}, {GOOD(1000)}},
     3,
     .line_key = "",
     .keys = {"meter_crc", "", ""}},
    {"on the only one",
     {{CRC(30)}},
     1,
     .line_key = "",
     .keys = {"meter_crc_alone"}},
    {"on two of four",
     {{CRC(30)}, {CRC(40)}, {GOOD(1000)}, {GOOD(1000)}},
     4,
     .line_key = "line_crc_some",
     .keys = {"meter_crc_some", "meter_crc_some", "", ""}},
    {"on three of four",
     {{CRC(30)}, {CRC(40)}, {CRC(50)}, {GOOD(1000)}},
     4,
     .line_key = "line_crc",
     .keys = {"meter_crc_all", "meter_crc_all", "meter_crc_all", ""}},
    {"a dead one beside them",
     {{CRC(30)}, {CRC(40)}, {DEAD(9)}},
     3,
     .line_key = "line_crc",
     .keys = {"meter_crc_all", "meter_crc_all", "meter_silent"}},
    /* answers that are missing now and then */
    {"on one",
     {{LOST(40)}, {GOOD(1000)}, {GOOD(1000)}},
     3,
     .line_key = "",
     .keys = {"meter_losses", "", ""}},
    {"on all",
     {{LOST(40)}, {LOST(50)}, {LOST(30)}},
     3,
     .line_key = "line_losses",
     .keys = {"meter_losses_all", "meter_losses_all", "meter_losses_all"}},
    {"on nearly all",
     {{LOST(40)}, {LOST(50)}, {GOOD(1000)}},
     3,
     .line_key = "line_losses",
     .keys = {"meter_losses_all", "meter_losses_all", ""}},
    {"they come late",
     {{LOST(40), .late = 38}, {GOOD(1000)}},
     2,
     .line_key = "",
     .keys = {"meter_late", ""}},
    {"late, and taken for the next one's",
     {{.requests = 100, .answers = 50, .timeouts = 50, .twice = 49}, {GOOD(9)}},
     2,
     .line_key = "",
     .keys = {"meter_late", ""}},
    {"all of them late",
     {{DEAD(9), .late = 9}, {GOOD(1000)}},
     2,
     .line_key = "",
     .keys = {"meter_late", ""}},
    {"slow, but in time",
     {{.requests = 10, .answers = 10, .rtt_sum_us = 8000000}, {GOOD(9)}},
     2,
     .line_key = "",
     .keys = {"meter_slow", ""}},
    /* somebody else */
    {"in another's name",
     {{DEAD(60), .foreign = 60}, {GOOD(1000)}},
     2,
     .line_key = "line_foreign",
     .keys = {"meter_foreign", ""}},
    {"two with one address",
     {{GOOD(1000), .twice = 900}, {GOOD(1000)}},
     2,
     .line_key = "",
     .keys = {"meter_twice", ""}},
    {"another master",
     {{GOOD(1000), .foreign = 90}, {GOOD(1000)}},
     2,
     .line = {.masters = 200},
     .line_key = "line_masters",
     .keys = {"meter_foreign", ""}},
    {"answers for nobody",
     {{GOOD(1000)}},
     1,
     .line = {.foreign = 30},
     .line_key = "line_foreign",
     .keys = {""}},
    /* refusals */
    {"all",
     {{GOOD(9), .exceptions = 9}},
     1,
     .exception = 4,
     .line_key = "",
     .keys = {"meter_refuses"}},
    {"some",
     {{GOOD(1000), .exceptions = 90}},
     1,
     .exception = 4,
     .line_key = "",
     .keys = {"meter_exceptions"}},
    {"parts",
     {{GOOD(1000), .exceptions = 3}},
     1,
     .exception = 2,
     .refused = 3,
     .line_key = "",
     .keys = {"meter_narrowed"}},
    /* a part that gives no answer */
    {"a silent block",
     {{LOST(20)}, {GOOD(1000)}},
     2,
     .gap = {KW_QUALITY_BAD_TIMEOUT, 3, 800, 801},
     .line_key = "",
     .keys = {"meter_block_silent", ""}},
    {"a garbled block",
     {{CRC(20)}, {GOOD(1000)}},
     2,
     .gap = {KW_QUALITY_BAD_CRC, 3, 800, 801},
     .line_key = "",
     .keys = {"meter_block_garbled", ""}},
    {"a block that a gateway refuses for silence, and is asked for little",
     {{GOOD(5), .exceptions = 5}},
     1,
     .exception = 11,
     .gap = {KW_QUALITY_BAD_TIMEOUT, 4, 7, 7},
     .line_key = "",
     .keys = {"meter_block_silent"}},
    {"a silent block whose answers come late",
     {{LOST(40), .late = 38}, {GOOD(1000)}},
     2,
     .gap = {KW_QUALITY_BAD_TIMEOUT, 3, 800, 801},
     .line_key = "",
     .keys = {"meter_late", ""}},
    {"a silent block of a meter that is dead by now",
     {{DEAD(9)}, {GOOD(1000)}},
     2,
     .gap = {KW_QUALITY_BAD_TIMEOUT, 3, 800, 801},
     .line_key = "",
     .keys = {"meter_silent", ""}},
    /* of the line alone */
    {"too much",
     {{GOOD(1000)}},
     1,
     .demand = 1.3,
     .line_key = "line_overload",
     .keys = {""}},
    {"enough", {{GOOD(1000)}}, 1, .demand = 1, .line_key = "", .keys = {""}},
    {"noise",
     {{GOOD(1000)}},
     1,
     .line = {.noise = 60},
     .line_key = "line_noise",
     .keys = {""}},
    {"a little noise",
     {{GOOD(1000)}},
     1,
     .line = {.noise = 4},
     .line_key = "",
     .keys = {""}},
    {"echo",
     {{GOOD(1000)}},
     1,
     .line = {.echoes = 1000},
     .line_key = "line_echo",
     .keys = {""}},
};

static void look(const struct row *row, struct kw_meter_verdict *line,
                 struct kw_meter_verdict meters[4])
{
    struct kw_meter_case cases[4];
    struct kw_meter_line_case at = {
        .serial = !row->tcp,
        .down = row->down,
        .timeout_us = 1000000,
        .demand = row->demand,
        .counts = row->line,
        .meters = cases,
        .count = row->count,
    };
    struct kw_meter_survey survey;

    for (size_t i = 0; i < row->count; i++)
        cases[i] = (struct kw_meter_case){
            .counts = row->meters[i],
            .unit = (uint8_t)(5 + i),
            .exception = row->exception,
            .refused = i == 0 ? row->refused : 0,
            .gap = i == 0 ? row->gap : (struct kw_meter_gap){.function = 0},
        };
    kw_meter_survey(&at, &survey);
    *line = kw_meter_verdict_line(&survey);
    for (size_t i = 0; i < row->count; i++)
        meters[i] = kw_meter_verdict_meter(&survey, i);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_verdict line, meters[4];

        look(&rows[i], &line, meters);
        if (strcmp(kw_meter_verdict_key(&line), rows[i].line_key) != 0)
            fail_msg("%s: the line is %s, expected %s", rows[i].what,
                     kw_meter_verdict_key(&line), rows[i].line_key);
        for (size_t j = 0; j < rows[i].count; j++) {
            if (strcmp(kw_meter_verdict_key(&meters[j]), rows[i].keys[j]) != 0)
                fail_msg("%s: meter %zu is %s, expected %s", rows[i].what, j,
                         kw_meter_verdict_key(&meters[j]), rows[i].keys[j]);
        }
    }
}

/* Each key is the verdict of a row. */
static void test_all_keys(void **state)
{
    bool seen[KW_METER_VERDICTS_COUNT] = {false};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_verdict line, meters[4];

        look(&rows[i], &line, meters);
        seen[line.kind] = true;
        for (size_t j = 0; j < rows[i].count; j++)
            seen[meters[j].kind] = true;
    }
    for (size_t i = 0; i < KW_METER_VERDICTS_COUNT; i++) {
        struct kw_meter_verdict verdict = {.kind = (uint8_t)i};

        if (!seen[i])
            fail_msg("no row is %s", kw_meter_verdict_key(&verdict));
    }
}

static void test_texts(void **state)
{
    static const struct {
        struct kw_meter_verdict verdict;
        const char *text;
    } texts[] = {
        {{.kind = KW_METER_VERDICT_FINE}, ""},
        {{.kind = KW_METER_VERDICT_CRC, .unit = 7, .share = 0.031},
         "unit 7: 3 % CRC errors only on this meter: its wiring or "
         "termination"},
        {{.kind = KW_METER_VERDICT_CRC_ALL, .unit = 7, .share = 0.0061},
         "unit 7: 0.6 % CRC errors, as the whole line has"},
        {{.kind = KW_METER_VERDICT_LATE,
          .unit = 7,
          .count = 3,
          .timeout_us = 250000},
         "unit 7: 3 answers came after the time-out of 250 ms: the time-out is "
         "too short"},
        {{.kind = KW_METER_VERDICT_SLOW,
          .unit = 7,
          .mean_us = 800400,
          .timeout_us = 1000000},
         "unit 7: answers take 800 ms of the 1000 ms that are waited: the "
         "time-out is too short"},
        {{.kind = KW_METER_VERDICT_NARROWED,
          .unit = 7,
          .count = 3,
          .exception = 2},
         "unit 7: does not have 3 points of its register map, exception 2 "
         "(illegal data address): another model or version"},
        {{.kind = KW_METER_VERDICT_BLOCK_SILENT,
          .unit = 7,
          .gap = {KW_QUALITY_BAD_TIMEOUT, 3, 800, 801}},
         "unit 7: no answer to holding registers 800-801, others are answered: "
         "leave them out of the map"},
        {{.kind = KW_METER_VERDICT_BLOCK_GARBLED,
          .unit = 7,
          .gap = {KW_QUALITY_BAD_CRC, 2, 9, 9}},
         "unit 7: no usable answer to discrete input 9, others are answered: "
         "leave them out of the map"},
        {{.kind = KW_METER_VERDICT_LINE_CRC, .share = 0.1, .count = 3, .of = 4},
         "10 % CRC errors on 3 of 4 meters: termination, polarity or biasing "
         "of the line, or its speed"},
        {{.kind = KW_METER_VERDICT_LINE_OVERLOAD, .demand = 1.304},
         "asked for 1.30 times what it can carry: longer periods, fewer values "
         "or a higher speed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[KW_METER_VERDICT_SIZE];

        kw_meter_verdict_text(&texts[i].verdict, text);
        assert_string_equal(text, texts[i].text);
    }
}

/* The longest values fit into every sentence, and nothing is left open. */
static void test_room(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < KW_METER_VERDICTS_COUNT; kind++) {
        struct kw_meter_verdict verdict = {
            .kind = (uint8_t)kind,
            .unit = 255,
            .exception = 11,
            .share = 1,
            .demand = 123456,
            .count = UINT32_MAX,
            .of = UINT32_MAX,
            .mean_us = UINT32_MAX,
            .timeout_us = UINT32_MAX,
            .gap = {KW_QUALITY_BAD_TIMEOUT, 3, 65534, 65535},
        };
        char text[KW_METER_VERDICT_SIZE];

        memset(text, 0x7F, sizeof(text));
        kw_meter_verdict_text(&verdict, text);
        assert_in_range(strnlen(text, sizeof(text)), 0, sizeof(text) - 1);
        assert_null(strpbrk(text, "{}"));
        assert_true((text[0] == 0) == (kind == KW_METER_VERDICT_FINE));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

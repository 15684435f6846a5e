/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialogue with a unit, without a wire: golden dumps of registers as
 * meters have them in an ordinary installation (230 V, 50 Hz), each by hand
 * from the maker's register list, against all maps of the library.
 */
#include "core/core.h"
#include "core/quantity.h"
#include "meter/identify.h"
#include "meter/library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Registers that a unit has from an address on. */
struct block {
    uint8_t function;
    uint16_t address, count;
    const uint16_t *words;
};

struct unit {
    const struct block *blocks; /* function 0 ends */
    const char *objects;        /* answer to 43/14, NULL: refused */
    size_t objects_length;
    const char *report; /* answer to 17, NULL: refused */
    size_t report_length;
    bool silent_where_refused;
};

struct bench {
    struct kw_quantities *quantities;
    struct kw_env env;
    struct kw_meter_library library;
    struct kw_map *maps[64];
    size_t count;
    struct kw_meter_identify identify;
    unsigned asks;
};

static int set_up(void **state)
{
    static struct bench bench;
    struct kw_diag diag;

    memset(&bench, 0, sizeof(bench));
    kw_diag_init(&diag);
    assert_int_equal(kw_quantities_load(&bench.quantities,
                                        KW_TEST_CONF "/quantities.csv", &diag),
                     0);
    bench.env = (struct kw_env){.quantities = bench.quantities,
                                .state_dir = "/nowhere",
                                .share_dir = KW_TEST_CONF};
    kw_meter_library_init(&bench.library, &bench.env);
    assert_int_equal(kw_meter_library_all(&bench.library, &diag), 0);
    assert_false(kw_diag_any(&diag));
    kw_diag_fini(&diag);
    for (size_t i = 0; i < bench.library.count; i++)
        bench.maps[bench.count++] = bench.library.items[i].map;
    assert_true(bench.count >= 16);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    kw_meter_library_fini(&bench->library);
    kw_quantities_free(bench->quantities);
    return 0;
}

/* Registers of a unit as bytes; false when it refuses. */
static bool read_block(const struct unit *unit, const struct kw_meter_ask *ask,
                       unsigned char *data)
{
    for (const struct block *at = unit->blocks; at->function != 0; at++) {
        if (ask->function != at->function || ask->address < at->address ||
            ask->address + ask->count > at->address + at->count)
            continue;
        for (unsigned i = 0; i < ask->count; i++) {
            uint16_t word = at->words[ask->address - at->address + i];

            data[2 * i] = (unsigned char)(word >> 8);
            data[2 * i + 1] = (unsigned char)word;
        }
        return true;
    }
    return false;
}

static void answer(struct bench *bench, const struct unit *unit,
                   const struct kw_meter_ask *ask)
{
    enum kw_meter_outcome no =
        unit->silent_where_refused ? KW_METER_TIMEOUT : KW_METER_EXCEPTION;
    unsigned char data[256];
    const void *from = data;
    size_t length = 0;

    assert_true(kw_meter_ask_valid(ask));
    if (ask->function == KW_METER_DEVICE_ID) {
        from = unit->objects;
        length = unit->objects_length;
    } else if (ask->function == KW_METER_REPORT_ID) {
        from = unit->report;
        length = unit->report_length;
    } else if (read_block(unit, ask, data)) {
        length = ask->count * 2U;
    }
    kw_meter_identify_take(&bench->identify,
                           from != NULL && length > 0 ? KW_METER_GOOD : no,
                           from, length);
}

static void run(struct bench *bench, const struct unit *unit)
{
    struct kw_meter_ask ask;

    bench->asks = 0;
    kw_meter_identify_init(&bench->identify, 7, bench->maps, bench->count);
    while (kw_meter_identify_next(&bench->identify, &ask)) {
        assert_int_equal(ask.unit, 7);
        assert_true(++bench->asks < 1000);
        answer(bench, unit, &ask);
    }
    assert_false(kw_meter_identify_next(&bench->identify, &ask));
}

/* The profile of a place, "" when there is none. */
static const char *proposal(const struct bench *bench, size_t place)
{
    if (place >= bench->identify.proposed)
        return "";
    return bench->maps[bench->identify.proposals[place].map]->name;
}

static unsigned score(const struct bench *bench, size_t place)
{
    return bench->identify.proposals[place].score;
}

/* --- golden dumps. Floats: 230.0 V 4366 0000, 231.5 V 4367 8000, 229.0 V 4365
 * 0000; 5.0 A 40A0 0000; 1150.0 W 448F C000; 50.0 Hz 4248 0000. */

/* Eastron SDM630 Modbus protocol: input registers 30001 on, floats. */
static const uint16_t sdm630_low[82] = {
    0x4366,
    0,
    0x4367,
    0x8000,
    0x4365,
    0, /* voltages */
    0x40A0,
    0,
    0x40A0,
    0,
    0x40A0,
    0, /* currents */
    0x448F,
    0xC000,
    0x448F,
    0xC000,
    0x448F,
    0xC000, /* powers */
    0x448F,
    0xC000,
    0x448F,
    0xC000,
    0x448F,
    0xC000, /* apparent */
    0,
    0,
    0,
    0,
    0,
    0, /* reactive */
    0x3F80,
    0,
    0x3F80,
    0,
    0x3F80,
    0, /* power factors */
    [52] = 0x4557,
    0xA000,
    [56] = 0x4557,
    0xA000,
    [62] = 0x3F80,
    0,
    [70] = 0x4248,
    0,
    [72] = 0x42C8,
    0,
};
static const struct block sdm630[] = {{4, 0, 82, sdm630_low}, {0}};

/* Eastron SDM120: the same places, one phase, zeros between. */
static const uint16_t sdm120_low[82] = {
    0x4366,   0, [6] = 0x40A0,  0, [12] = 0x448F, 0xC000, [18] = 0x448F, 0xC000,
    [24] = 0, 0, [30] = 0x3F80, 0, [70] = 0x4248, 0,      [72] = 0x42C8, 0,
};
static const struct block sdm120[] = {{4, 0, 82, sdm120_low}, {0}};

/* Carlo Gavazzi EM340: 32 bits, low word first, 0.1 V, 0.001 A, 0.1 W. */
static const uint16_t em340_low[82] = {
    2300,  0,    2310,  0,   2290,        0, 3984,  0, 4001,  0, 3967,  0,
    5000,  0,    5000,  0,   5000,        0, 11500, 0, 11500, 0, 11500, 0,
    11500, 0,    11500, 0,   11500,       0, 0,     0, 0,     0, 0,     0,
    2300,  0,    3984,  0,   34500,       0, 34500, 0, 0,     0, 1000,  1000,
    1000,  1000, 0,     500, [52] = 1234, 0,
};
static const struct block em340[] = {
    {4, 0, 82, em340_low}, {3, 0, 82, em340_low}, {0}};

/* Janitza UMG 604: holding registers, floats, 1317 on. */
static const uint16_t umg604_low[140] = {
    0x4366,
    0,
    0x4367,
    0x8000,
    0x4365,
    0,
    0,
    0,
    0x40A0,
    0,
    0x40A0,
    0,
    0x40A0,
    0,
    0,
    0,
    0x448F,
    0xC000,
    0x448F,
    0xC000,
    0x448F,
    0xC000,
    [52] = 0x4557,
    0xA000,
    [122] = 0x4248,
    0,
};
static const struct block umg604[] = {{3, 1317, 140, umg604_low}, {0}};

/* ABB B23: type designation in letters at 8960, values from 5B00. */
static const uint16_t abb_name[] = {0x4232, 0x3320, 0x3131, 0x322D};
static const uint16_t abb_values[64] = {
    0, 2300, 0, 2310, 0, 2290, 0, 3984, 0,          3984,
    0, 3984, 0, 500,  0, 500,  0, 500,  [44] = 5000};
static const struct block abb[] = {
    {3, 0x8960, 4, abb_name}, {3, 0x5B00, 64, abb_values}, {0}};

/* Socomec DIRIS A10: the block at 50000, values from 50512. */
static const uint16_t soco[] = {'S', 'O',    'C',  'O',  400, 1017, 101,
                                106, 0x2024, 0x31, 1000, 0,   0};
static const uint16_t soco_names[24] = {
    0x534F, 0x434F,        0x4D45, 0x4300, [8] = 0x4449, 0x5249,
    0x5300, [16] = 0x4449, 0x5249, 0x5320, 0x4131,       0x3000};
static const uint16_t soco_values[40] = {0, 100,   0, 39840, 0, 39840, 0, 39840,
                                         0, 23000, 0, 23100, 0, 22900, 0, 5000,
                                         0, 5000,  0, 5000,  0, 5000};
static const struct block diris_a10[] = {{3, 50000, 13, soco},
                                         {3, 50042, 24, soco_names},
                                         {3, 50512, 40, soco_values},
                                         {0}};
static const struct block nameless_diris[] = {{3, 50512, 40, soco_values}, {0}};

/* Socomec DIRIS B-30 with loads 1, 2 and 4. */
static const uint16_t b30_names[24] = {
    0x534F, 0x434F,        0x4D45, 0x4300, [8] = 0x4449, 0x5249,
    0x5300, [16] = 0x4449, 0x5249, 0x5320, 0x4233,       0x3000};
static const uint16_t b30_load[30] = {1, 0,     0, 0,     0, 23000,
                                      0, 39840, 0, 5000,  0, 50000,
                                      0, 23000, 0, 23100, 0, 22900};
static const uint16_t b30_none[30];
static const struct block diris_b30[] = {{3, 50000, 13, soco},
                                         {3, 50042, 24, b30_names},
                                         {3, 18432, 30, b30_load},
                                         {3, 20480, 30, b30_load},
                                         {3, 22528, 30, b30_none},
                                         {3, 24576, 30, b30_load},
                                         {0}};

static const struct block nothing[] = {{0}};

static void test_registers(void **state)
{
    static const struct {
        const struct block *blocks;
        const char *first;
    } cases[] = {
        {sdm630, "eastron_sdm630"},
        {sdm120, "eastron_sdm120"},
        {em340, "carlo_gavazzi_em330_em340"},
        {umg604, "janitza_umg604"},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct unit unit = {.blocks = cases[i].blocks};

        for (int silent = 0; silent < 2; silent++) {
            unit.silent_where_refused = silent == 1;
            run(bench, &unit);
            assert_string_equal(proposal(bench, 0), cases[i].first);
            assert_true(score(bench, 0) >= 60 && score(bench, 0) <= 85);
            assert_true(bench->identify.proposed == 1 ||
                        score(bench, 0) > score(bench, 1));
            assert_int_equal(bench->identify.identity.said,
                             KW_METER_SAID_REGISTERS);
            assert_int_equal(bench->identify.loads, 1);
            assert_true(bench->asks < 80);
        }
    }
}

/* Letters in a register, and the values agree. */
static void test_text(void **state)
{
    const struct unit unit = {.blocks = abb};
    struct bench *bench = *state;

    run(bench, &unit);
    assert_string_equal(proposal(bench, 0), "abb_b23_b24");
    assert_true(score(bench, 0) >= 95);
    assert_string_equal(proposal(bench, 1), "");
}

static void test_socomec(void **state)
{
    const struct unit unit = {.blocks = diris_a10};
    struct bench *bench = *state;

    run(bench, &unit);
    assert_string_equal(proposal(bench, 0), "socomec_diris_a10");
    assert_true(score(bench, 0) >= 95);
    assert_string_equal(bench->identify.identity.make, "SOCOMEC");
    assert_string_equal(bench->identify.identity.model, "DIRIS A10");
    assert_int_equal(bench->identify.identity.said,
                     KW_METER_SAID_50000 | KW_METER_SAID_REGISTERS);
    assert_int_equal(bench->identify.loads, 1);
}

/* Without its block one of those with this layout and scale is proposed. */
static void test_socomec_without_block(void **state)
{
    const struct unit unit = {.blocks = nameless_diris};
    struct bench *bench = *state;

    run(bench, &unit);
    assert_true(bench->identify.proposed >= 2);
    assert_true(strncmp(proposal(bench, 0), "socomec_", 8) == 0);
    for (size_t i = 0; i < bench->identify.proposed; i++) {
        /* 0.001 Hz: these would make 5 Hz of it */
        assert_string_not_equal(proposal(bench, i), "socomec_countis_e24");
        assert_string_not_equal(proposal(bench, i), "socomec_countis_e14");
    }
}

static void test_loads(void **state)
{
    const struct unit unit = {.blocks = diris_b30};
    struct bench *bench = *state;

    run(bench, &unit);
    assert_string_equal(proposal(bench, 0), "socomec_diris_b30");
    assert_int_equal(bench->identify.loads, 0xB); /* 1, 2 and 4 */
}

/* The unit names itself; the maps' titles and lines are compared with it. */
static void test_said(void **state)
{
    static const struct {
        const char *objects;
        size_t length;
        const char *report;
        size_t report_length;
        const char *profile;
    } cases[] = {
        {"\x01\x01\0\0\x02\0\x12"
         "Schneider Electric\1\x0B"
         "METSEPM5110",
         5 + 20 + 13, NULL, 0, "schneider_pm5100"},
        {"\x01\x01\0\0\x02\0\7"
         "Janitza\1\7"
         "UMG96RM",
         5 + 9 + 9, NULL, 0, "janitza_umg96rm"},
        {NULL, 0, "\x05\xFFiEM3155", 9, "schneider_iem3000"},
        {"\x01\x01\0\0\x01\0\7"
         "Eastron",
         5 + 9, "\x01\xFFSDM630-V2", 11, "eastron_sdm630"},
        {"\x01\x01\0\0\x02\0\7"
         "Eastron\1\6"
         "SDM999",
         5 + 9 + 8, NULL, 0, ""},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct unit unit = {
            .blocks = nothing,
            .objects = cases[i].objects,
            .objects_length = cases[i].length,
            .report = cases[i].report,
            .report_length = cases[i].report_length,
        };

        run(bench, &unit);
        assert_string_equal(proposal(bench, 0), cases[i].profile);
        if (cases[i].profile[0] != 0)
            assert_int_equal(score(bench, 0), 90);
    }
}

/* A unit that always promises more is asked so often and not longer. */
static void test_endless_objects(void **state)
{
    const struct unit unit = {.blocks = nothing,
                              .objects = "\x01\x03\xFF\x01\0",
                              .objects_length = 5};
    struct bench *bench = *state;

    run(bench, &unit);
    assert_int_equal(bench->identify.proposed, 0);
    assert_true(bench->asks < 60);
}

/* Extended objects are asked for where they are offered. */
static void test_levels(void **state)
{
    static const uint16_t asked[] = {0x100, 0x203, 0x380};
    struct bench *bench = *state;
    struct kw_meter_ask ask;

    kw_meter_identify_init(&bench->identify, 7, bench->maps, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_true(kw_meter_identify_next(&bench->identify, &ask));
        assert_int_equal(ask.function, KW_METER_DEVICE_ID);
        assert_int_equal(ask.address, asked[i]);
        kw_meter_identify_take(
            &bench->identify, KW_METER_GOOD,
            (const unsigned char *)"\x01\x83\0\0\x02\0\1A\1\1B", 11);
    }
    assert_false(kw_meter_identify_next(&bench->identify, &ask));
}

static void test_nothing_known(void **state)
{
    const struct unit unit = {.blocks = nothing};
    struct bench *bench = *state;

    run(bench, &unit);
    assert_int_equal(bench->identify.proposed, 0);
    assert_int_equal(bench->identify.loads, 0);
    assert_int_equal(bench->identify.identity.said, 0);
    run(bench, &(struct unit){.blocks = nothing, .silent_where_refused = true});
    assert_true(bench->asks <= 66); /* silence costs time: it gives up */
}

/* An answer of another length than was asked for is a refusal. */
static void test_short_answers(void **state)
{
    struct bench *bench = *state;
    struct kw_meter_ask ask;
    unsigned asks = 0;

    kw_meter_identify_init(&bench->identify, 7, bench->maps, bench->count);
    while (kw_meter_identify_next(&bench->identify, &ask)) {
        assert_true(++asks < 200);
        kw_meter_identify_take(&bench->identify, KW_METER_GOOD,
                               (const unsigned char *)"\0", 1);
    }
    assert_int_equal(bench->identify.proposed, 0);
}

/* A register in a range; a block whose map is not there. */
static void test_other_lines(void **state)
{
    static const uint16_t code[] = {341};
    const struct block blocks[] = {{4, 11, 1, code}, {0}};
    const struct unit unit = {.blocks = blocks};
    struct kw_map map = {
        .name = "acme",
        .fingerprint =
            "gone extended_name x\nnumber 4 12 1\nnumber 4 11 340-349",
    };
    struct kw_map *maps[] = {&map};
    struct bench bench = {.count = 1};

    (void)state;
    bench.maps[0] = maps[0];
    run(&bench, &unit);
    assert_string_equal(proposal(&bench, 0), "acme");
    assert_int_equal(score(&bench, 0), 90);
}

/* A unit whose registers all hold 5000: 50 Hz by 0.01, 250 V by 0.05. */
static struct block everywhere[] = {{3, 0, 65535, NULL}, {0}};

static const struct unit *unit_everywhere(void)
{
    static const struct unit unit = {.blocks = everywhere};
    static uint16_t words[65535];

    for (size_t i = 0; i < 65535; i++)
        words[i] = 5000;
    everywhere[0].words = words;
    return &unit;
}

static const struct kw_quantity made_quantities[] = {
    {.name = "frequency"},    {.name = "voltage_l1_n"},
    {.name = "voltage_l2_n"}, {.name = "voltage_l3_n"},
    {.name = "voltage_avg"},
};

/* A map with a frequency and voltages of which so many make sense. */
static void make_map(struct kw_map *map, struct kw_map_point points[5],
                     uint16_t address, unsigned right)
{
    *map = (struct kw_map){.points = points, .count = 5};
    snprintf(map->name, sizeof(map->name), "m%u", address);
    for (unsigned i = 0; i < 5; i++)
        points[i] = (struct kw_map_point){
            .quantity = &made_quantities[i],
            .function = 3,
            .registers = 1,
            .address = (uint16_t)(address + i),
            .type = KW_MAP_U16,
            .multiplier = i == 0       ? 0.01
                          : i <= right ? 0.05
                                       : 1,
            .factor = 1,
        };
}

/* The best five, and none that is far behind the best. */
static void test_many_maps(void **state)
{
    static const unsigned right[] = {4, 0, 4, 3, 2, 4, 4, 3, 0, 0};
    static struct kw_map maps[10];
    static struct kw_map_point points[10][5];
    struct bench bench = {.count = 10};

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        make_map(&maps[i], points[i], (uint16_t)(i * 100), right[i]);
        bench.maps[i] = &maps[i];
    }
    run(&bench, unit_everywhere());
    assert_int_equal(bench.identify.proposed, 5);
    for (size_t i = 1; i < 5; i++)
        assert_true(score(&bench, i) <= score(&bench, i - 1));
    assert_string_equal(proposal(&bench, 0), "m0");
    assert_string_equal(proposal(&bench, 3), "m600");
    bench.count = 2;
    run(&bench, unit_everywhere());
    assert_int_equal(bench.identify.proposed, 1);
    assert_int_equal(score(&bench, 0), 50 + 5 * 35 / 12);
}

/* More maps with more registers than are kept: it ends all the same. */
static void test_full_store(void **state)
{
    static struct kw_map maps[300], *pointers[300];
    static struct kw_map_point points[300][5];
    const struct unit unit = {.blocks = nothing};
    struct bench bench = {.count = 0};
    struct kw_meter_ask ask;
    unsigned asks = 0;

    (void)state;
    for (size_t i = 0; i < 300; i++) {
        make_map(&maps[i], points[i], (uint16_t)(i * 10), 4);
        pointers[i] = &maps[i];
    }
    kw_meter_identify_init(&bench.identify, 7, pointers, 300);
    while (kw_meter_identify_next(&bench.identify, &ask)) {
        assert_true(++asks < 1000);
        answer(&bench, &unit, &ask);
    }
    assert_int_equal(bench.identify.known_count, KW_METER_IDENTIFY_READS);
    assert_int_equal(asks, KW_METER_IDENTIFY_READS + 2); /* 43 and 17 */
    assert_int_equal(bench.identify.proposed, 0);
}

/* Loads up to the end of the addresses, and up to the most there are. */
static void test_all_loads(void **state)
{
    struct kw_map map, *maps[] = {&map};
    struct kw_map_point points[5];
    struct bench bench = {.count = 1};

    (void)state;
    make_map(&map, points, 60000, 4);
    bench.maps[0] = maps[0];
    map.load_stride = 2048;
    run(&bench, unit_everywhere());
    assert_int_equal(bench.identify.loads, 0x7); /* the fourth is beyond */
    map.load_stride = 5;
    run(&bench, unit_everywhere());
    assert_int_equal(bench.identify.loads, UINT32_MAX);
    /* Nothing to tell a load by. */
    map.load_stride = 5;
    map.count = 0;
    snprintf(map.fingerprint, sizeof(map.fingerprint), "number 3 1 5000");
    run(&bench, unit_everywhere());
    assert_int_equal(bench.identify.loads, 1);
    assert_int_equal(score(&bench, 0), 90);
}

/* Of Socomec's block only the signature is there. */
static void test_half_a_block(void **state)
{
    static const struct block signature[] = {{3, 50000, 4, soco}, {0}};
    const struct unit unit = {.blocks = signature};
    struct bench *bench = *state;

    run(bench, &unit);
    assert_int_equal(bench->identify.identity.said, 0);
    assert_int_equal(bench->identify.proposed, 0);
}

/* One that names Socomec by 43/14 has its block read all the same. */
static void test_socomec_by_name(void **state)
{
    const struct unit unit = {.blocks = diris_a10,
                              .objects = "\x01\x01\0\0\x02\0\7"
                                         "Socomec\1\2"
                                         "A1",
                              .objects_length = 5 + 9 + 4};
    struct bench *bench = *state;

    run(bench, &unit);
    assert_string_equal(bench->identify.identity.model, "DIRIS A10");
    assert_string_equal(proposal(bench, 0), "socomec_diris_a10");
}

/* A register that is next to the range on either side. */
static void test_out_of_range(void **state)
{
    struct kw_map map = {.name = "acme"};
    struct bench bench = {.count = 1, .maps = {&map}};

    (void)state;
    snprintf(map.fingerprint, sizeof(map.fingerprint),
             "number 3 1 5001-6000\nnumber 3 1 0-4999");
    run(&bench, unit_everywhere());
    assert_int_equal(bench.identify.proposed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_socomec),
        cmocka_unit_test(test_socomec_without_block),
        cmocka_unit_test(test_loads),
        cmocka_unit_test(test_said),
        cmocka_unit_test(test_endless_objects),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_short_answers),
        cmocka_unit_test(test_other_lines),
        cmocka_unit_test(test_many_maps),
        cmocka_unit_test(test_full_store),
        cmocka_unit_test(test_all_loads),
        cmocka_unit_test(test_half_a_block),
        cmocka_unit_test(test_socomec_by_name),
        cmocka_unit_test(test_out_of_range),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

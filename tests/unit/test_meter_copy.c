/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Settings with everything in them; a test changes one thing. */
struct sample {
    struct kw_meter_rs485 rs485;
    struct kw_meter_serial_conf serial;
    struct kw_meter_tls_conf tls;
    struct kw_meter_tcp_conf tcp, rtu_tcp;
    struct kw_meter_line_conf line;
    struct kw_pair labels[2];
    struct kw_meter_entry entry;
};

static void fill(struct sample *sample)
{
    memset(sample, 0, sizeof(*sample));
    sample->rs485 = (struct kw_meter_rs485){0, 1, 2, 3};
    sample->serial = (struct kw_meter_serial_conf){
        .port = "/dev/x",
        .baud = 9600,
        .parity = 1,
        .stop_bits = 2,
        .silence_ms = 1.5,
        .rs485 = &sample->rs485,
    };
    sample->tls = (struct kw_meter_tls_conf){
        .authorities = "/a", .certificate = "/c", .key = "/k", .name = "n"};
    sample->tcp = (struct kw_meter_tcp_conf){"host", 502, 4, 0, &sample->tls};
    sample->rtu_tcp = (struct kw_meter_tcp_conf){"other", 503, 1, 5, NULL};
    sample->line = (struct kw_meter_line_conf){
        .name = "a",
        .serial = &sample->serial,
        .tcp = &sample->tcp,
        .rtu_tcp = &sample->rtu_tcp,
        .timeout_ms = 1000,
        .retries = 1,
        .pause_ms = 7,
    };
    sample->labels[0] = (struct kw_pair){"zone", "north"};
    sample->labels[1] = (struct kw_pair){"use", "lift"};
    sample->entry = (struct kw_meter_entry){
        .name = "m",
        .uid = "m123",
        .line = "a",
        .profile = "p",
        .unit = 5,
        .load = 2,
        .every = {100, 200, 300},
        .scale = {2, 3},
        .invert = true,
        .enabled = true,
        .labels = {sample->labels, 2},
    };
}

static void test_copies_are_the_same(void **state)
{
    struct sample sample;
    struct kw_meter_line_conf *line;
    struct kw_meter_entry *entry;
    struct kw_arena arena;

    (void)state;
    fill(&sample);
    kw_arena_init(&arena, 65536);
    line = kw_meter_copy_line(&arena, &sample.line);
    entry = kw_meter_copy_entry(&arena, &sample.entry);
    assert_true(kw_meter_same_line(line, &sample.line));
    assert_true(kw_meter_same_entry(entry, &sample.entry));
    assert_ptr_not_equal(line->name, sample.line.name);
    assert_ptr_not_equal(line->serial->rs485, sample.serial.rs485);
    assert_ptr_not_equal(line->tcp->tls->key, sample.tls.key);
    assert_ptr_not_equal(entry->labels.items, sample.labels);
    kw_arena_fini(&arena);
}

static void test_bare_copies(void **state)
{
    struct kw_meter_line_conf bare = {.name = "a"};
    struct kw_meter_entry entry = {.name = "m"};
    struct kw_arena arena;

    (void)state;
    kw_arena_init(&arena, 65536);
    assert_true(kw_meter_same_line(kw_meter_copy_line(&arena, &bare), &bare));
    assert_true(
        kw_meter_same_entry(kw_meter_copy_entry(&arena, &entry), &entry));
    kw_arena_fini(&arena);
}

/* At every size of the arena: a whole copy or none. */
static void test_full_arena(void **state)
{
    struct sample sample;
    bool line_fitted = false, entry_fitted = false;

    (void)state;
    fill(&sample);
    for (size_t size = 0; !line_fitted || !entry_fitted; size += 8) {
        struct kw_arena arena;
        const struct kw_meter_line_conf *line;
        const struct kw_meter_entry *entry;

        assert_true(size < 65536);
        kw_arena_init(&arena, size);
        line = kw_meter_copy_line(&arena, &sample.line);
        kw_arena_fini(&arena);
        kw_arena_init(&arena, size);
        entry = kw_meter_copy_entry(&arena, &sample.entry);
        line_fitted = line != NULL;
        entry_fitted = entry != NULL;
        kw_arena_fini(&arena);
    }
}

/* Every single difference is seen. */
static void test_line_differences(void **state)
{
    struct sample a, b;

    (void)state;
#define DIFFERS(change)                                                        \
    do {                                                                       \
        fill(&a);                                                              \
        fill(&b);                                                              \
        assert_true(kw_meter_same_line(&a.line, &b.line));                     \
        change;                                                                \
        assert_false(kw_meter_same_line(&a.line, &b.line));                    \
        assert_false(kw_meter_same_line(&b.line, &a.line));                    \
    } while (0)
    DIFFERS(b.line.name = "b");
    DIFFERS(b.line.serial = NULL);
    DIFFERS(b.line.tcp = NULL);
    DIFFERS(b.line.rtu_tcp = NULL);
    DIFFERS(b.line.timeout_ms++);
    DIFFERS(b.line.retries++);
    DIFFERS(b.line.pause_ms++);
    DIFFERS(b.serial.port = "/dev/y");
    DIFFERS(b.serial.baud++);
    DIFFERS(b.serial.parity++);
    DIFFERS(b.serial.stop_bits++);
    DIFFERS(b.serial.silence_ms += 1);
    DIFFERS(b.serial.rs485 = NULL);
    DIFFERS(b.rs485.by = 1);
    DIFFERS(b.rs485.rts_on_send = 0);
    DIFFERS(b.rs485.delay_before_ms++);
    DIFFERS(b.rs485.delay_after_ms++);
    DIFFERS(b.tcp.host = "hosts");
    DIFFERS(b.tcp.port++);
    DIFFERS(b.tcp.in_flight++);
    DIFFERS(b.rtu_tcp.silence_ms++);
    DIFFERS(b.tcp.tls = NULL);
    DIFFERS(b.tls.authorities = "/b");
    DIFFERS(b.tls.certificate = NULL);
    DIFFERS(b.tls.key = "/l");
    DIFFERS(b.tls.name = NULL);
#undef DIFFERS
}

static void test_entry_differences(void **state)
{
    struct sample a, b;

    (void)state;
#define DIFFERS(change)                                                        \
    do {                                                                       \
        fill(&a);                                                              \
        fill(&b);                                                              \
        assert_true(kw_meter_same_entry(&a.entry, &b.entry));                  \
        change;                                                                \
        assert_false(kw_meter_same_entry(&a.entry, &b.entry));                 \
        assert_false(kw_meter_same_entry(&b.entry, &a.entry));                 \
    } while (0)
    DIFFERS(b.entry.name = "n");
    DIFFERS(b.entry.uid = NULL);
    DIFFERS(b.entry.uid = "m124");
    DIFFERS(b.entry.line = "b");
    DIFFERS(b.entry.profile = "q");
    DIFFERS(b.entry.unit++);
    DIFFERS(b.entry.load++);
    DIFFERS(b.entry.enabled = false);
    DIFFERS(b.entry.every.fast_ms++);
    DIFFERS(b.entry.every.normal_ms++);
    DIFFERS(b.entry.every.slow_ms++);
    DIFFERS(b.entry.scale.ct += 1);
    DIFFERS(b.entry.scale.vt += 1);
    DIFFERS(b.entry.invert = false);
    DIFFERS(b.entry.labels.count--);
    DIFFERS(b.labels[1].key = "uses");
    DIFFERS(b.labels[1].value = "lifts");
#undef DIFFERS
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_are_the_same),
        cmocka_unit_test(test_bare_copies),
        cmocka_unit_test(test_full_arena),
        cmocka_unit_test(test_line_differences),
        cmocka_unit_test(test_entry_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

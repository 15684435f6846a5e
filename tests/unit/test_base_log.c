/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_escapes(void **state)
{
    static const struct {
        const char *text;
        unsigned size;
        const char *out;
    } rows[] = {
        {"", 1, ""},
        {"plain", 64, "plain"},
        {"a\nb\rc\td", 64, "a\\x0Ab\\x0Dc\\x09d"},
        {"\x1b[2J", 64, "\\x1B[2J"},
        {"\x7f", 64, "\\x7F"},
        {"Zähler \xE2\x82\xAC", 64, "Zähler \xE2\x82\xAC"},
        {"\xC2\x9B", 64, "\\xC2\\x9B"}, /* a C1 control: CSI */
        {"\xff\xc3", 64, "\\xFF\\xC3"},
        {"abcdefgh", 8, "abcd"}, /* a whole escape has to fit always */
        {"abcd", 4, ""},
        {"abcd", 5, "a"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned length = kw_log_escape(out, rows[i].size, rows[i].text);

        assert_string_equal(out, rows[i].out);
        assert_int_equal(length, strlen(out));
        assert_true(length < rows[i].size);
    }
}

static void test_level_names(void **state)
{
    (void)state;
    assert_string_equal(kw_log_level_name(KW_LOG_ERROR), "error");
    assert_string_equal(kw_log_level_name(KW_LOG_WARN), "warn");
    assert_string_equal(kw_log_level_name(KW_LOG_NOTICE), "notice");
    assert_string_equal(kw_log_level_name(KW_LOG_INFO), "info");
    assert_string_equal(kw_log_level_name(KW_LOG_DEBUG), "debug");
    assert_string_equal(kw_log_level_name((enum kw_log_level)99), "?");
}

/* What one call writes, through a pipe. */
static const char *written(struct kw_log *log, enum kw_log_level level,
                           const char *tag, const char *text)
{
    static char line[2048];
    int ends[2];
    ssize_t got;

    assert_int_equal(pipe(ends), 0);
    log->fd = ends[1];
    kw_log_write(log, level, tag, "%s", text);
    close(ends[1]);
    got = read(ends[0], line, sizeof(line) - 1);
    close(ends[0]);
    assert_true(got >= 0);
    line[got] = 0;
    return line;
}

static void test_forms(void **state)
{
    struct kw_clock_manual clock;
    struct kw_log log;

    (void)state;
    kw_clock_manual_init(&clock, INT64_C(1769860801250));
    kw_log_init(&log, 2, KW_LOG_PLAIN, &clock.clock);
    assert_string_equal(written(&log, KW_LOG_WARN, "meter", "a line\nforged"),
                        "12:00:01.250 meter      warn   a line\\x0Aforged\n");
    log.form = KW_LOG_JOURNAL;
    assert_string_equal(written(&log, KW_LOG_WARN, "meter", "text"),
                        "<4>meter: text\n");
}

static void test_level_decides(void **state)
{
    struct kw_clock_manual clock;
    struct kw_log log;

    (void)state;
    kw_clock_manual_init(&clock, 0);
    kw_log_init(&log, 2, KW_LOG_JOURNAL, &clock.clock);
    assert_string_equal(written(&log, KW_LOG_DEBUG, "m", "x"), "");
    assert_string_equal(written(&log, KW_LOG_INFO, "m", "x"), "<6>m: x\n");
    atomic_store(&log.level, KW_LOG_ERROR);
    assert_string_equal(written(&log, KW_LOG_WARN, "m", "x"), "");
    assert_string_equal(written(&log, KW_LOG_ERROR, "m", "x"), "<3>m: x\n");
    kw_log_write(NULL, KW_LOG_ERROR, "m", "nothing happens");
}

static void test_long_entries_stay_one_line(void **state)
{
    struct kw_clock_manual clock;
    struct kw_log log;
    char text[3000], tag[200];
    const char *line;

    (void)state;
    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    memset(tag, 't', sizeof(tag) - 1);
    tag[sizeof(tag) - 1] = 0;
    kw_clock_manual_init(&clock, 0);
    kw_log_init(&log, 2, KW_LOG_PLAIN, &clock.clock);
    line = written(&log, KW_LOG_ERROR, tag, text);
    assert_in_range(strlen(line), 1200, 1280);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_level_names),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_level_decides),
        cmocka_unit_test(test_long_entries_stay_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

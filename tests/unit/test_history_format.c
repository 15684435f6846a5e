/* SPDX-License-Identifier: Apache-2.0 */
#include "history/format.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_numbers(void **state)
{
    static const struct {
        double value;
        uint8_t encoding;
        const char *text;
    } rows[] = {
        {0, 0, "0"},
        {-0.0, 0, "0"},
        {1, 0, "1"},
        {-1, 0, "-1"},
        {10, 0, "10"},
        {230.1, 0, "230.1"},
        {2301 * 0.1, 0, "230.1"},
        {23010 * 0.01, 0, "230.1"},
        {-0.05, 0, "-0.05"},
        {0.000001, 0, "0.000001"},
        {-0.000001, 0, "-0.000001"},
        {0.0000001, 0, "1e-07"},
        {0.12345678, 0, "0.12345678"},
        {123456789.25, 0, "123456789.25"},
        {999999999999999.0, 0, "999999999999999"},
        {1e15, 0, "1e+15"},
        {-1e300, 0, "-1e+300"},
        {1.0 / 3, 0, "0.3333333333333333"},
        {(double)230.12346F, KW_ENCODING_FLOAT32, "230.123459"},
        {(double)0.1F, KW_ENCODING_FLOAT32, "0.100000001"},
        {0.5, KW_ENCODING_FLOAT32, "0.5"},
    };
    struct kw_buf out;

    (void)state;
    kw_buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kw_buf_reset(&out);
        kw_history_put_number(&out, rows[i].value, rows[i].encoding);
        assert_string_equal(kw_buf_text(&out), rows[i].text);
    }
    kw_buf_reset(&out);
    kw_history_put_number(&out, (double)NAN, 0);
    kw_history_put_number(&out, (double)INFINITY, 0);
    assert_string_equal(kw_buf_text(&out), "nullnull");
    kw_buf_fini(&out);
}

/* Whatever a meter's step is, the text reads back as nearly the same. */
static void test_numbers_read_back(void **state)
{
    static const double scales[] = {1e-6, 1e-4, 1e-3, 0.01, 0.1,
                                    0.25, 1,    10,   100,  1000};
    struct kw_buf out;
    uint64_t seed = 7;

    (void)state;
    kw_buf_init(&out, 1000);
    for (int i = 0; i < 20000; i++) {
        double scale = scales[i % 10], value, back;

        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        value = (double)((int64_t)seed >> (30 + i % 30)) * scale;
        kw_buf_reset(&out);
        kw_history_put_number(&out, value, 0);
        back = strtod(kw_buf_text(&out), NULL);
        assert_true(fabs(back - value) <= fabs(value) * 4.5e-16);
    }
    kw_buf_fini(&out);
}

static void test_fields(void **state)
{
    static const struct {
        const char *text, *field;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"=1+1", "'=1+1"},
        {"+1", "'+1"},
        {"-1", "'-1"},
        {"@x", "'@x"},
        {"\tx", "'\tx"},
        {"a,b", "\"a,b\""},
        {"a\"b", "\"a\"\"b\""},
        {"=a,b", "\"'=a,b\""},
        {"\rx", "\"'\rx\""},
        {"x\ny", "\"x\ny\""},
        {"1-2", "1-2"},
    };
    struct kw_buf out;

    (void)state;
    kw_buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kw_buf_reset(&out);
        kw_history_put_field(&out, rows[i].text);
        assert_string_equal(kw_buf_text(&out), rows[i].field);
    }
    kw_buf_fini(&out);
}

static void test_json(void **state)
{
    struct kw_buf out;
    struct kw_history_rows rows = {
        .out = &out, .name = "a.\"b\"", .unit = "V", .point = 12};
    struct kw_history_step step = {1000, 1, 2, 1.5, 1, 2, 2};

    (void)state;
    kw_buf_init(&out, 4000);
    kw_history_put_head(&out, false, -5, 2000, 0);
    kw_history_put_begin(&rows, true);
    kw_history_put_sample(&rows, -5, 1.5, KW_QUALITY_GOOD);
    kw_history_put_sample(&rows, 0, (double)NAN, KW_QUALITY_BAD_LINE);
    kw_history_put_sample(&rows, INT64_MAX, 1, KW_QUALITY_UNCERTAIN_STALE);
    kw_history_put_end(&rows);
    rows.point = 13;
    kw_history_put_begin(&rows, false);
    kw_history_put_end(&rows);
    kw_history_put_tail(&out, false);
    assert_string_equal(
        kw_buf_text(&out),
        "{\"from\":-5,\"to\":2000,\"step\":null,\"columns\":[\"time\","
        "\"value\",\"quality\"],\"series\":[{\"point\":12,\"name\":\"a."
        "\\\"b\\\"\",\"unit\":\"V\",\"rows\":[[-5,1.5],[0,null,"
        "\"bad_line\"],[9223372036854775807,1,\"uncertain_stale\"]]},"
        "{\"point\":13,\"name\":\"a.\\\"b\\\"\",\"unit\":\"V\",\"rows\":[]}"
        "]}");
    kw_buf_reset(&out);
    kw_history_put_head(&out, false, 0, 2000, 1000);
    kw_history_put_begin(&rows, true);
    kw_history_put_step(&rows, &step);
    step.time_ms = 2000;
    kw_history_put_step(&rows, &step);
    kw_history_put_end(&rows);
    kw_history_put_tail(&out, false);
    assert_non_null(strstr(kw_buf_text(&out), "\"step\":1000,\"columns\":["
                                              "\"time\",\"min\",\"max\","));
    assert_non_null(strstr(kw_buf_text(&out),
                           "[[1000,1,2,1.5,1,2,2],[2000,1,2,1.5,1,2,2]]}]}"));
    kw_buf_fini(&out);
}

static void test_csv(void **state)
{
    struct kw_buf out;
    struct kw_history_rows rows = {
        .out = &out, .csv = true, .name = "=m.v", .unit = "V", .point = 12};
    struct kw_history_step step = {0, -1, 2, 0.5, -1, 2, 2};

    (void)state;
    kw_buf_init(&out, 4000);
    kw_history_put_head(&out, true, 0, 0, 0);
    kw_history_put_begin(&rows, true);
    kw_history_put_sample(&rows, 1, -1.5, KW_QUALITY_GOOD);
    kw_history_put_sample(&rows, 2, (double)NAN, KW_QUALITY_BAD_CRC);
    kw_history_put_end(&rows);
    kw_history_put_tail(&out, true);
    assert_string_equal(kw_buf_text(&out),
                        "time,point,value,unit,quality\r\n"
                        "1970-01-01T00:00:00.001Z,'=m.v,-1.5,V,good\r\n"
                        "1970-01-01T00:00:00.002Z,'=m.v,,V,bad_crc\r\n");
    kw_buf_reset(&out);
    kw_history_put_head(&out, true, 0, 0, 1000);
    kw_history_put_step(&rows, &step);
    assert_string_equal(kw_buf_text(&out),
                        "time,point,min,max,mean,first,last,count,unit\r\n"
                        "1970-01-01T00:00:00.000Z,'=m.v,-1,2,0.5,-1,2,2,V\r\n");
    kw_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_read_back),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_csv),
    };

    return cmocka_run_group_tests_name("history_format", tests, NULL, NULL);
}

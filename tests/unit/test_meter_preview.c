/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/preview.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_ranges(void **state)
{
    static const struct {
        const char *text;
        bool good;
        unsigned function, address, count;
    } rows[] = {
        {"3:3059-3070", true, 3, 3059, 12},
        {"4:52", true, 4, 52, 1},
        {"3:0-124", true, 3, 0, 125},
        {"3:0x64-0x65", true, 3, 100, 2},
        {"3:65535", true, 3, 65535, 1},
        {"3:65535-65535", true, 3, 65535, 1},
        {"3:0-125", false, 0, 0, 0},
        {"3:5-4", false, 0, 0, 0},
        {"3:65536", false, 0, 0, 0},
        {"3:1-65536", false, 0, 0, 0},
        {"3:", false, 0, 0, 0},
        {"3:-4", false, 0, 0, 0},
        {"3:4-", false, 0, 0, 0},
        {"3", false, 0, 0, 0},
        {"", false, 0, 0, 0},
        {"1:5", false, 0, 0, 0},
        {"5:5", false, 0, 0, 0},
        {"35", false, 0, 0, 0},
        {"3:x", false, 0, 0, 0},
        {"3:4-x", false, 0, 0, 0},
        {"3:000000000001", false, 0, 0, 0},
        {"3:1-000000000001", false, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_range range;

        if (kw_meter_range_parse(rows[i].text, &range) != rows[i].good)
            fail_msg("%s", rows[i].text);
        if (!rows[i].good)
            continue;
        assert_int_equal(range.function, rows[i].function);
        assert_int_equal(range.address, rows[i].address);
        assert_int_equal(range.count, rows[i].count);
    }
}

static void test_readings(void **state)
{
    static const struct kw_meter_range range = {4, 100, 2};
    struct kw_json json;
    struct kw_buf out;

    (void)state;
    kw_buf_init(&out, 4096);
    kw_json_init(&json, &out);
    kw_json_object(&json, NULL);
    /* 230.5 as a float with the high word first; -2 */
    kw_meter_preview(&json, &range, (const unsigned char *)"\x43\x66\x80\x00");
    kw_json_end_object(&json);
    assert_string_equal(
        kw_buf_text(&out),
        "{\"function\":4,\"address\":100,\"registers\":["
        "{\"address\":100,\"hex\":\"4366\",\"text\":\"Cf\",\"u16\":17254,"
        "\"s16\":17254,"
        "\"u32\":{\"ABCD\":1130790912,\"CDAB\":2147500902,"
        "\"BADC\":1715667072,\"DCBA\":8414787},"
        "\"s32\":{\"ABCD\":1130790912,\"CDAB\":-2147466394,"
        "\"BADC\":1715667072,\"DCBA\":8414787},"
        "\"f32\":{\"ABCD\":230.5,\"CDAB\":-2.4178003703460394e-41,"
        "\"BADC\":2.3021767188290442e+23,"
        "\"DCBA\":1.1791628100720434e-38}},"
        "{\"address\":101,\"hex\":\"8000\",\"text\":\"..\",\"u16\":32768,"
        "\"s16\":-32768}]}");
    kw_buf_fini(&out);
}

/* A float that is none is null, and the last register has no neighbour. */
static void test_no_number(void **state)
{
    static const struct kw_meter_range range = {3, 65534, 2};
    struct kw_json json;
    struct kw_buf out;

    (void)state;
    kw_buf_init(&out, 4096);
    kw_json_init(&json, &out);
    kw_json_object(&json, NULL);
    kw_meter_preview(&json, &range, (const unsigned char *)"\xFF\xFF\xFF\xFF");
    kw_json_end_object(&json);
    assert_non_null(strstr(kw_buf_text(&out),
                           "\"f32\":{\"ABCD\":null,\"CDAB\":null,"
                           "\"BADC\":null,\"DCBA\":null}"));
    assert_non_null(strstr(kw_buf_text(&out), "\"u16\":65535,\"s16\":-1"));
    kw_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_readings),
        cmocka_unit_test(test_no_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

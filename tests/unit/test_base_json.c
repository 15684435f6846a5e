/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_structure(void **state)
{
    struct kw_buf out;
    struct kw_json json;

    (void)state;
    kw_buf_init(&out, 4096);
    kw_json_init(&json, &out);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "a", "x");
    kw_json_int(&json, "b", INT64_MIN);
    kw_json_uint(&json, "c", UINT64_MAX);
    kw_json_array(&json, "d");
    kw_json_bool(&json, NULL, true);
    kw_json_bool(&json, NULL, false);
    kw_json_null(&json, NULL);
    kw_json_array(&json, NULL);
    kw_json_end_array(&json);
    kw_json_object(&json, NULL);
    kw_json_end_object(&json);
    kw_json_end_array(&json);
    kw_json_raw(&json, "e", "[1]", 3);
    kw_json_text(&json, "f", NULL);
    kw_json_real(&json, "g", 0.5);
    kw_json_end_object(&json);
    assert_string_equal(
        kw_buf_text(&out),
        "{\"a\":\"x\",\"b\":-9223372036854775808,\"c\":18446744073709551615,"
        "\"d\":[true,false,null,[],{}],\"e\":[1],\"f\":null,\"g\":0.5}");
    assert_int_equal(json.depth, 0);
    kw_buf_fini(&out);
}

static void test_strings(void **state)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
        {"Z\xC3\xA4hler \xE2\x82\xAC \xF0\x9F\x94\x8C",
         "\"Z\xC3\xA4hler \xE2\x82\xAC \xF0\x9F\x94\x8C\""},
        {"\xC2\x85x", "\"\\u0085x\""}, /* C1: escaped, not lost */
        {"\xC2\x9F", "\"\\u009f\""},
        {"\xC2", "\"\\ufffd\""}, /* cut */
        {"\xC2x", "\"\\ufffdx\""},
        {"\xC2\xC2\xA0", "\"\\ufffd\xC2\xA0\""},
        {"a\xFFz", "\"a\\ufffdz\""},
        {"\xED\xA0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xE2\x82", "\"\\ufffd\\ufffd\""},
        {"</script>", "\"</script>\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_buf out;
        struct kw_json json;

        kw_buf_init(&out, 4096);
        kw_json_init(&json, &out);
        kw_json_text(&json, NULL, rows[i].text);
        assert_string_equal(kw_buf_text(&out), rows[i].json);
        kw_buf_fini(&out);
    }
}

static void test_keys_are_escaped(void **state)
{
    struct kw_buf out;
    struct kw_json json;

    (void)state;
    kw_buf_init(&out, 100);
    kw_json_init(&json, &out);
    kw_json_object(&json, NULL);
    kw_json_null(&json, "a\"b");
    kw_json_end_object(&json);
    assert_string_equal(kw_buf_text(&out), "{\"a\\\"b\":null}");
    kw_buf_fini(&out);
}

static void test_reals(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-400, "-400"},
        {0.1, "0.1"},
        {0.21, "0.21"},
        {230.5, "230.5"},
        {1234567.25, "1234567.25"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e15, "1e+15"},
        {999999999999999, "999999999999999"},
        {1e300, "1e+300"},
        {5e-324, "4.94066e-324"},
        {(double)NAN, "null"},
        {(double)INFINITY, "null"},
        {-(double)INFINITY, "null"},
    };
    char text[KW_REAL_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned length = kw_real_format(rows[i].value, text);

        assert_string_equal(text, rows[i].text);
        assert_int_equal(length, strlen(text));
    }
}

/* Bit patterns from a generator with a fixed seed read back the same. */
static void test_reals_read_back(void **state)
{
    uint64_t bits = 0x9E3779B97F4A7C15U;
    char text[KW_REAL_TEXT_SIZE];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        double value;

        bits = bits * 6364136223846793005U + 1442695040888963407U;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        assert_in_range(kw_real_format(value, text), 1, KW_REAL_TEXT_SIZE - 1);
        assert_true(strtod(text, NULL) == value);
    }
}

static void test_depth_is_bounded(void **state)
{
    struct kw_buf out;
    struct kw_json json;

    (void)state;
    kw_buf_init(&out, 4096);
    kw_json_init(&json, &out);
    for (unsigned i = 0; i < KW_JSON_DEPTH - 1; i++)
        kw_json_array(&json, NULL);
    assert_int_equal(kw_buf_err(&out), 0);
    kw_json_array(&json, NULL);
    assert_int_equal(kw_buf_err(&out), KW_EINVAL);
    for (unsigned i = 0; i < KW_JSON_DEPTH + 3; i++)
        kw_json_end_array(&json);
    assert_int_equal(json.depth, 0);
    kw_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_keys_are_escaped),
        cmocka_unit_test(test_reals),
        cmocka_unit_test(test_reals_read_back),
        cmocka_unit_test(test_depth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

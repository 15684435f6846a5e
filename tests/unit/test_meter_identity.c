/* SPDX-License-Identifier: Apache-2.0 */
/* What devices say of themselves, right and wrong. */
#include "meter/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) (const unsigned char *)(text), sizeof(text) - 1

/* The answer of the example in V1.1b3, 6.21: three basic objects. */
static void test_basic(void **state)
{
    struct kw_meter_identity identity = {0};
    struct kw_meter_objects objects;

    (void)state;
    assert_true(kw_meter_identity_objects(&identity,
                                          BYTES("\x01\x01\x00\x00\x03"
                                                "\x00\x16"
                                                "Company identification"
                                                "\x01\x0D"
                                                "Product codeX"
                                                "\x02\x05"
                                                "V2.11"),
                                          &objects));
    assert_string_equal(identity.make, "Company identification");
    assert_string_equal(identity.model, "Product codeX");
    assert_string_equal(identity.revision, "V2.11");
    assert_int_equal(identity.said, KW_METER_SAID_43);
    assert_int_equal(objects.level, 1);
    assert_false(objects.more);
}

static void test_all_objects(void **state)
{
    struct kw_meter_identity identity = {0};
    struct kw_meter_objects objects;

    (void)state;
    assert_true(kw_meter_identity_objects(&identity,
                                          BYTES("\x03\x83\xFF\x80\x06"
                                                "\x03\x03"
                                                "url"
                                                "\x04\x06"
                                                "Family"
                                                "\x05\x05"
                                                "M\x01 8 "
                                                "\x06\x02"
                                                "us"
                                                "\x80\x01z"
                                                "\x00\x02\0A"),
                                          &objects));
    assert_string_equal(identity.make, "A");
    assert_string_equal(identity.name, "M? 8"); /* wins over the family */
    assert_string_equal(identity.application, "us");
    assert_int_equal(objects.level, 3);
    assert_true(objects.more);
    assert_int_equal(objects.next, 0x80);
    /* Blanks around a text are no part of it. */
    memset(&identity, 0, sizeof(identity));
    assert_true(kw_meter_identity_objects(&identity,
                                          BYTES("\x01\x01\0\0\x02"
                                                "\x00\x04 A  "
                                                "\x01\x02  "),
                                          &objects));
    assert_string_equal(identity.make, "A");
    assert_string_equal(identity.model, "");
    /* An empty model name leaves the family's. */
    memset(&identity, 0, sizeof(identity));
    assert_true(kw_meter_identity_objects(&identity,
                                          BYTES("\x02\x02\0\0\x02"
                                                "\x04\x03"
                                                "Fam"
                                                "\x05\x00"),
                                          &objects));
    assert_string_equal(identity.name, "Fam");
}

static void test_wrong_objects(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *make; /* of the objects that were right */
    } cases[] = {
        {"", 0, ""},
        {"\x01\x01\0\0", 4, ""},
        {"\x01\x01\0\0\x01", 5, ""},
        {"\x01\x01\0\0\x01\x00", 6, ""},
        {"\x01\x01\0\0\x01\x00\x02"
         "A",
         8, ""},
        {"\x01\x01\0\0\x02\x00\x01"
         "A",
         8, "A"},
        {"\x01\x01\0\0\x01\x00\x01"
         "AB",
         9, "A"},
    };
    struct kw_meter_objects objects;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_meter_identity identity = {0};

        assert_false(kw_meter_identity_objects(
            &identity, (const unsigned char *)cases[i].bytes, cases[i].length,
            &objects));
        assert_string_equal(identity.make, cases[i].make);
    }
}

/* A text that is longer than what is kept. */
static void test_long_text(void **state)
{
    struct kw_meter_identity identity = {0};
    struct kw_meter_objects objects;
    unsigned char data[5 + 2 + 200] = {1, 1, 0, 0, 1, 0, 200};

    (void)state;
    memset(data + 7, 'x', 200);
    assert_true(
        kw_meter_identity_objects(&identity, data, sizeof(data), &objects));
    assert_int_equal(strlen(identity.make), KW_METER_IDENTITY_SIZE - 1);
}

static void test_report(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *model; /* NULL: none */
    } cases[] = {
        {"\x05\xFFiEM3155", 9, "iEM3155"},
        {"\x05\xFF Two words\0\1x", 14, "Two words"},
        {"abc\0longer\0abcd", 15, "longer"},
        {"", 0, NULL},
        {"\x05\xFF", 2, NULL},
        {"\xFF"
         "abc",
         4, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_meter_identity identity = {0};
        bool right = kw_meter_identity_report(
            &identity, (const unsigned char *)cases[i].bytes, cases[i].length);

        assert_int_equal(right, cases[i].model != NULL);
        assert_string_equal(identity.model, right ? cases[i].model : "");
        assert_int_equal(identity.said, right ? KW_METER_SAID_17 : 0);
    }
}

/* The block as DIRIS A10 tables give it. */
static void test_socomec(void **state)
{
    struct kw_meter_identity identity = {0};
    unsigned char names[2 * KW_METER_SOCOMEC_NAMES_COUNT] = {0};

    (void)state;
    assert_true(
        kw_meter_identity_is_socomec((const unsigned char *)"\0S\0O\0C\0O"));
    assert_false(
        kw_meter_identity_is_socomec((const unsigned char *)"SOCO\0\0\0\0"));
    kw_meter_identity_socomec_product(
        &identity, (const unsigned char *)"\x01\x90\x03\xF9\x00\x65\x00\x6A"
                                          "\x20\x24\x00\x31\x03\xE8\0\0\0\0");
    assert_string_equal(identity.revision, "1.06");
    assert_string_equal(identity.serial, "20240031-1000");
    memcpy(names, "SOCOMEC", 7);
    memcpy(names + 16, "DIRIS", 5);
    memcpy(names + 32, "DIRIS A10       ", 16);
    kw_meter_identity_socomec_names(&identity, names);
    assert_string_equal(identity.make, "SOCOMEC");
    assert_string_equal(identity.name, "DIRIS");
    assert_string_equal(identity.model, "DIRIS A10");
    assert_int_equal(identity.said, KW_METER_SAID_50000);
}

static void test_comparison(void **state)
{
    static const struct {
        const char *words;
        bool begins, has;
    } cases[] = {
        {"diris", true, true},        {"DIRIS-a", true, true},
        {"dirisa10", true, true},     {"d_i r-is a 10", true, true},
        {"diris a10x", false, false}, {"a10", false, true},
        {"socomec", false, true},     {"PM", false, false},
        {"", false, false},           {" -_", false, false},
        {"meter two", false, true},   {"lab", false, true},
    };
    const struct kw_meter_identity identity = {
        .make = "SOCOMEC",
        .model = "Diris A-10",
        .name = "Meter-Two",
        .application = "Lab",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *words = cases[i].words;

        assert_int_equal(
            kw_meter_text_begins(identity.model, words, strlen(words)),
            cases[i].begins);
        assert_int_equal(kw_meter_identity_has(&identity, words, strlen(words)),
                         cases[i].has);
    }
    /* Only as far as it is long. */
    assert_true(kw_meter_text_begins("abc", "abx", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basic),
        cmocka_unit_test(test_all_objects),
        cmocka_unit_test(test_wrong_objects),
        cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_socomec),
        cmocka_unit_test(test_comparison),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

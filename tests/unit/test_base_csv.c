/* SPDX-License-Identifier: Apache-2.0 */
#include "base/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* All records as text: fields between <>, comments with #, errors as !. */
static void read_all(const char *text, size_t length, char *out, size_t size,
                     struct kw_diag *diag)
{
    struct kw_csv csv;
    size_t used = 0;
    int err;

    out[0] = 0;
    kw_csv_init(&csv, text, length);
    while ((err = kw_csv_next(&csv, diag)) != KW_EOF) {
        used += (size_t)snprintf(out + used, size - used, "%s",
                                 err != 0      ? "!"
                                 : csv.comment ? "#"
                                               : "");
        for (size_t i = 0; err == 0 && i < csv.fields; i++)
            used +=
                (size_t)snprintf(out + used, size - used, "<%s>", csv.field[i]);
        used += (size_t)snprintf(out + used, size - used, "|");
    }
}

static void test_records(void **state)
{
    static const struct {
        const char *text, *records;
    } rows[] = {
        {"", ""},
        {"\n\r\n\n", ""},
        {"a,b,c\n1,2,3", "<a><b><c>|<1><2><3>|"},
        {"a\r\nb\r\n", "<a>|<b>|"},
        {" a , b,c \n", "< a >< b><c>|"},
        /* the head says how many columns there are */
        {"a,b,c\n1,,\n1\n,,3\n", "<a><b><c>|<1><><>|<1><><>|<><><3>|"},
        {"a,b,,\n1,2,,,,\n1,2,3\n", "<a><b>|<1><2>|<1><2><3>|"},
        {"a,b\n,\n \n,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n1,2\n", "<a><b>|<1><2>|"},
        {"\"a\",\"b\",\"\"\n\"\",\"\",\"\"\n\"1\",\"\",\"\"\n\"\"\n",
         "<a><b>|<1><>|"},
        {"a,b\n1,\"x\"\"\"\n", "<a><b>|<1><x\">|"},
        {",b\n", "<><b>|"},
        /* and what stands between them */
        {"a;b\r\n1;2\r\n", "<a><b>|<1><2>|"},
        {"\n;;\n#x, y;;\na;b;;\n1,5;2;;\n;;;\n", "#<x, y>|<a><b>|<1.5><2>|"},
        {"\"#x, y\"\na;b\n", "#<x, y>|<a><b>|"},
        {"\"a,b\";c\n", "<a,b><c>|"},
        {"a;b\n0,1;-12,5e3\n1,2,3;x,1\n\"0,25\";1.5\n",
         "<a><b>|<0.1><-12.5e3>|<1,2,3><x,1>|<0.25><1.5>|"},
        {"a,b\n\"0,1\",;\n", "<a><b>|<0,1><;>|"},
        {"a\n1;5\n", "<a>|<1><5>|"},
        {"#a;b\n", "#<a;b>|"},
        {"\"a,b\",\"c\"\"d\"\n", "<a,b><c\"d>|"},
        {"\"\",\"\"\"\"\n", "<><\">|"},
        {"\"#a: b, \"\"c\"\"\",,,\n", "#<a: b, \"c\">|"},
        {"#max: 80,,,\n#,,\n", "#<max: 80>|#<>|"},
        {"\"#a\",b\n", "#<a,b>|"},
        {"\xEF\xBB\xBFname,x\n", "<name><x>|"},
        {"#title: x\na\n# note\n#\n", "#<title: x>|<a>|#< note>|#<>|"},
        {"#a,b \"c\n", "#<a,b \"c>|"},
        {"a,#b\n", "<a><#b>|"},
        {"\"#a\"\n", "#<a>|"},
        {"tab\there\n", "<tab\there>|"},
        {"Z\xC3\xA4hler,\xE2\x82\xAC\n", "<Z\xC3\xA4hler><\xE2\x82\xAC>|"},
        {"a\r", "<a>|"},
    };
    char out[512];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_diag diag;

        kw_diag_init(&diag);
        read_all(rows[i].text, strlen(rows[i].text), out, sizeof(out), &diag);
        assert_string_equal(out, rows[i].records);
        assert_false(kw_diag_any(&diag));
        kw_diag_fini(&diag);
    }
}

static void test_findings(void **state)
{
    static const struct {
        const char *text, *records, *finding;
    } rows[] = {
        {"a\n\"b\nc", "<a>|!|<c>|",
         "f:2:1: the quote that opens here is not closed on this line"},
        {"a,\"b\"c,d\nx", "!|<x>|",
         "f:1:6: text behind a closing quote, expected \",\""},
        {"a;\"b\" c\nx", "!|<x>|",
         "f:1:6: text behind a closing quote, expected \";\""},
        {"\"#a: b\nx", "!|<x>|",
         "f:1:1: the quote that opens here is not closed on this line"},
        {"a,b\"c\nx", "!|<x>|",
         "f:1:4: a quote inside a field; put the whole field in quotes and "
         "double the quote"},
        {"\xC3\xA4,\xFF\nx", "!|<x>|",
         "f:1:3: byte 0xFF is no UTF-8 text or a control character"},
        {"a\x01\nx", "!|<x>|",
         "f:1:2: byte 0x01 is no UTF-8 text or a control character"},
        {"\"\x7f\"\nx", "!|<x>|",
         "f:1:2: byte 0x7F is no UTF-8 text or a control character"},
        {"a\rb\nx", "!|<x>|",
         "f:1:2: byte 0x0D is no UTF-8 text or a control character"},
        {"#a\x01\nx", "!|<x>|",
         "f:1:3: byte 0x01 is no UTF-8 text or a control character"},
        {",,,,,,,,,,,,,,,,,,,,,,,,y\nx", "!|<x>|",
         "f:1:25: more than 24 fields on a line"},
    };
    char out[512], line[256];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_diag diag;

        kw_diag_init(&diag);
        diag.file = "f";
        read_all(rows[i].text, strlen(rows[i].text), out, sizeof(out), &diag);
        assert_string_equal(out, rows[i].records);
        assert_int_equal(diag.count, 1);
        assert_string_equal(kw_diag_first(&diag, line, sizeof(line)),
                            rows[i].finding);
        kw_diag_fini(&diag);
    }
}

static void test_nul_is_no_end(void **state)
{
    struct kw_diag diag;
    char out[64];

    (void)state;
    kw_diag_init(&diag);
    read_all("a\0b\nc", 5, out, sizeof(out), &diag);
    assert_string_equal(out, "!|<c>|");
    kw_diag_fini(&diag);
}

static void test_marks(void **state)
{
    static const char text[] = "\n#x\n\xC3\xA4\xC3\xA4,\"b\"\"\",c\n";
    struct kw_diag diag;
    struct kw_csv csv;

    (void)state;
    kw_diag_init(&diag);
    kw_csv_init(&csv, text, sizeof(text) - 1);
    assert_int_equal(kw_csv_next(&csv, &diag), 0);
    assert_int_equal(csv.mark[0].line, 2);
    assert_int_equal(csv.mark[0].column, 2);
    assert_int_equal(kw_csv_next(&csv, &diag), 0);
    assert_int_equal(csv.fields, 3);
    assert_int_equal(csv.mark[0].line, 3);
    assert_int_equal(csv.mark[0].column, 1);
    assert_int_equal(csv.mark[1].column, 4);
    assert_int_equal(csv.mark[2].column, 10);
    assert_int_equal(kw_csv_next(&csv, &diag), KW_EOF);
    assert_int_equal(kw_csv_next(&csv, &diag), KW_EOF);
    kw_diag_fini(&diag);
}

/* Fields and their NULs fill the record's memory to the last byte. */
static void test_longest_line(void **state)
{
    static char text[KW_CSV_RECORD_BYTES + 8];
    struct kw_diag diag;
    struct kw_csv csv;

    (void)state;
    kw_diag_init(&diag);
    memset(text, 'a', sizeof(text));
    kw_csv_init(&csv, text, KW_CSV_RECORD_BYTES - 1);
    assert_int_equal(kw_csv_next(&csv, &diag), 0);
    assert_int_equal(strlen(csv.field[0]), KW_CSV_RECORD_BYTES - 1);
    kw_csv_init(&csv, text, KW_CSV_RECORD_BYTES);
    assert_int_equal(kw_csv_next(&csv, &diag), KW_EINVAL);
    text[KW_CSV_RECORD_BYTES - 1] = ','; /* nothing stands behind it */
    kw_csv_init(&csv, text, KW_CSV_RECORD_BYTES);
    assert_int_equal(kw_csv_next(&csv, &diag), 0);
    text[KW_CSV_RECORD_BYTES - 2] = ',';
    text[KW_CSV_RECORD_BYTES - 1] = 'b'; /* has no room */
    kw_csv_init(&csv, text, KW_CSV_RECORD_BYTES);
    assert_int_equal(kw_csv_next(&csv, &diag), KW_EINVAL);
    text[KW_CSV_RECORD_BYTES - 3] = ',';
    text[KW_CSV_RECORD_BYTES - 2] = 'b';
    kw_csv_init(&csv, text, KW_CSV_RECORD_BYTES - 1);
    assert_int_equal(kw_csv_next(&csv, &diag), 0);
    assert_int_equal(csv.fields, 2);
    text[0] = '#';
    kw_csv_init(&csv, text, KW_CSV_RECORD_BYTES - 1);
    assert_int_equal(kw_csv_next(&csv, &diag), 0);
    kw_csv_init(&csv, text, KW_CSV_RECORD_BYTES + 8);
    assert_int_equal(kw_csv_next(&csv, &diag), KW_EINVAL);
    assert_int_equal(diag.count, 3);
    kw_diag_fini(&diag);
}

static void test_comments(void **state)
{
    static const struct {
        const char *line, *key, *value;
    } rows[] = {
        {"#title: Eastron SDM120", "title", "Eastron SDM120"},
        {"# title :x", NULL, NULL},
        {"#  gap:  4  ", "gap", "4"},
        {"#empty:", "empty", ""},
        {"#url: http://x", "url", "http://x"},
        {"# a remark: with blanks", NULL, NULL},
        {"#remark", NULL, NULL},
        {"#:x", NULL, NULL},
        {"#", NULL, NULL},
        {"#much_too_long_key: x", NULL, NULL},
        {"title: x", NULL, NULL},
    };
    char key[12];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_diag diag;
        struct kw_csv csv;
        const char *value = NULL;

        kw_diag_init(&diag);
        kw_csv_init(&csv, rows[i].line, strlen(rows[i].line));
        assert_int_equal(kw_csv_next(&csv, &diag), 0);
        assert_int_equal(kw_csv_comment(&csv, key, sizeof(key), &value),
                         rows[i].key != NULL);
        if (rows[i].key != NULL) {
            assert_string_equal(key, rows[i].key);
            assert_string_equal(value, rows[i].value);
        }
        kw_diag_fini(&diag);
    }
}

static void test_a_refused_comment_has_no_key(void **state)
{
    struct kw_diag diag;
    struct kw_csv csv;
    const char *value;
    char key[12];

    (void)state;
    kw_diag_init(&diag);
    kw_csv_init(&csv, "#a: \x01", 5);
    assert_int_equal(kw_csv_next(&csv, &diag), KW_EINVAL);
    assert_false(kw_csv_comment(&csv, key, sizeof(key), &value));
    kw_csv_init(&csv, NULL, 0);
    assert_int_equal(kw_csv_next(&csv, &diag), KW_EOF);
    kw_diag_fini(&diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_nul_is_no_end),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_longest_line),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_a_refused_comment_has_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

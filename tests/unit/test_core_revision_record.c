/* SPDX-License-Identifier: Apache-2.0 */
/* Revisions as they are stored: the bytes, and damaged ones. */
#include "core/revision_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct kw_slice key_of(uint64_t number)
{
    static unsigned char key[8];

    for (size_t i = 8; i-- > 0; number >>= 8)
        key[i] = (unsigned char)number;
    return (struct kw_slice){key, 8};
}

static void test_record_there_and_back(void **state)
{
    struct kw_revision in = {.number = UINT64_C(0x0102030405060708),
                             .time_ms = -5,
                             .author = "alice",
                             .reason = "",
                             .file_hash = UINT64_MAX};
    struct kw_revision out;
    struct kw_slice text = {"a: 1\n", 5}, back;
    struct kw_buf record;

    (void)state;
    kw_buf_init(&record, 1000);
    kw_revision_encode(&in, text, &record);
    assert_int_equal(
        kw_revision_decode(key_of(in.number),
                           (struct kw_slice){record.data, record.length}, &out,
                           &back),
        0);
    assert_true(out.number == in.number && out.time_ms == -5);
    assert_true(out.file_hash == UINT64_MAX);
    assert_string_equal(out.author, "alice");
    assert_string_equal(out.reason, "");
    assert_int_equal(back.length, 5);
    assert_memory_equal(back.data, "a: 1\n", 5);
    kw_buf_fini(&record);
}

static void test_damaged_records(void **state)
{
    struct kw_revision in = {.author = "alice", .reason = "why"}, out;
    struct kw_slice text = {"", 0}, back;
    struct kw_buf record;

    (void)state;
    kw_buf_init(&record, 1000);
    kw_revision_encode(&in, text, &record);
    for (size_t length = 0; length < record.length; length++)
        assert_int_equal(
            kw_revision_decode(
                key_of(1), (struct kw_slice){record.data, length}, &out, &back),
            KW_ECORRUPT);
    assert_int_equal(
        kw_revision_decode((struct kw_slice){"1234567", 7},
                           (struct kw_slice){record.data, record.length}, &out,
                           &back),
        KW_ECORRUPT);
    assert_int_equal(
        kw_revision_decode((struct kw_slice){"123456789", 9},
                           (struct kw_slice){record.data, record.length}, &out,
                           &back),
        KW_ECORRUPT);
    record.data[17] = 64; /* an author that is too long */
    assert_int_equal(
        kw_revision_decode(key_of(1),
                           (struct kw_slice){record.data, record.length}, &out,
                           &back),
        KW_ECORRUPT);
    record.data[0] = KW_REVISION_VERSION + 1;
    assert_int_equal(
        kw_revision_decode(key_of(1),
                           (struct kw_slice){record.data, record.length}, &out,
                           &back),
        KW_EVERSION);
    kw_buf_fini(&record);
}

/* Databases have such records: their form never changes. */
static void test_bytes_are_fixed(void **state)
{
    const struct kw_revision in = {.number = 1,
                                   .time_ms = 0x0102,
                                   .author = "bob",
                                   .reason = "x",
                                   .file_hash = 0xAABB};
    struct kw_buf record;

    (void)state;
    kw_buf_init(&record, 1000);
    kw_revision_encode(&in, (struct kw_slice){"{}\n", 3}, &record);
    assert_int_equal(record.length, 26);
    assert_memory_equal(record.data,
                        "\x01\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\xAA\xBB"
                        "\x03"
                        "bob"
                        "\x01"
                        "x{}\n",
                        26);
    kw_buf_fini(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_there_and_back),
        cmocka_unit_test(test_damaged_records),
        cmocka_unit_test(test_bytes_are_fixed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

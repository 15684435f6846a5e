/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    int value;
    struct kw_link link;
};

static int values(const struct kw_link *head, int *out)
{
    int count = 0;

    KW_LIST_EACH (at, head)
        out[count++] = KW_LIST_ENTRY(at, struct item, link)->value;
    return count;
}

static void test_append_and_walk(void **state)
{
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    struct kw_link head;
    int out[3];

    (void)state;
    kw_list_init(&head);
    assert_true(kw_list_empty(&head));
    assert_int_equal(values(&head, out), 0);
    for (int i = 0; i < 3; i++)
        kw_list_append(&head, &items[i].link);
    assert_false(kw_list_empty(&head));
    assert_int_equal(values(&head, out), 3);
    assert_int_equal(out[0] * 100 + out[1] * 10 + out[2], 123);
}

static void test_remove(void **state)
{
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    struct kw_link head;
    int out[3];

    (void)state;
    kw_list_init(&head);
    for (int i = 0; i < 3; i++)
        kw_list_append(&head, &items[i].link);
    kw_list_remove(&items[1].link);
    assert_true(kw_list_empty(&items[1].link));
    assert_int_equal(values(&head, out), 2);
    assert_int_equal(out[0] * 10 + out[1], 13);
    kw_list_remove(&items[1].link); /* harmless */
    kw_list_append(&head, &items[1].link);
    assert_int_equal(values(&head, out), 3);
    assert_int_equal(out[0] * 100 + out[1] * 10 + out[2], 132);
}

static void test_remove_while_walking(void **state)
{
    struct item items[4] = {
        {.value = 1}, {.value = 2}, {.value = 3}, {.value = 4}};
    struct kw_link head;
    int out[4];

    (void)state;
    kw_list_init(&head);
    for (int i = 0; i < 4; i++)
        kw_list_append(&head, &items[i].link);
    KW_LIST_EACH_SAFE (at, after, &head) {
        if (KW_LIST_ENTRY(at, struct item, link)->value % 2 == 0)
            kw_list_remove(at);
    }
    assert_int_equal(values(&head, out), 2);
    assert_int_equal(out[0] * 10 + out[1], 13);
    KW_LIST_EACH_SAFE (at, after, &head)
        kw_list_remove(at);
    assert_true(kw_list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_and_walk),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_remove_while_walking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

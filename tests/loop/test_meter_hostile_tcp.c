/* SPDX-License-Identifier: Apache-2.0 */
/* Meters that misbehave, on one TCP connection. */
#include "test_meter_hostile.h"

static void test_all(void **state)
{
    (void)state;
    run_all(TCP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

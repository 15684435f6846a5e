/* SPDX-License-Identifier: Apache-2.0 */
/* A station whose TCP window is full: the kernel's own timers open it again. */
#include "loop/test_supervisor_rig.h"

/* One that reads late gets all its answers. */
static void test_late_reader(void **state)
{
    enum { MANY = 20000 };
    struct station station;
    struct stage stage;
    unsigned char frame[300];
    int small = 4096;
    unsigned sent = 0;

    (void)state;
    stage_open(&stage);
    stage_start(&stage, stage_yaml(&stage, STAGE_ONE, STAGE_TCP));
    stage_until(&stage, "kitchen.voltage_l1_n", true);
    station_open(&station, &stage);
    setsockopt(station.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    while (sent < MANY) {
        size_t length = station_frame(
            &station, 5, (const unsigned char[]){3, 0, 100, 0, 4}, 5, frame);

        if (send(station.fd, frame, length, MSG_NOSIGNAL) != (ssize_t)length) {
            kw_fixture_run_ms(&stage.rig.fixture, 5);
            break;
        }
        sent++;
    }
    for (unsigned i = 0; i < sent; i++) {
        station_hear_as(&station, (uint16_t)(i + 1));
        station_expect_registers(&station, 100, 4);
    }
    station_close(&station);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

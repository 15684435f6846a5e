/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole plant in one process: its loop in a thread, libmodbus as the
 * master on a pseudo-terminal and over TCP, commands over the control socket.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER_BYTES = 65536, WAIT_MS = 3000 };

struct rig {
    struct kw_plant plant;
    struct kw_plant_control control;
    pthread_t thread;
    char folder[64];
    char path[128];
    int socket;
    char *answer; /* of the last command, without the line end */
};

static int64_t due(void *arg)
{
    struct rig *rig = arg;
    return kw_plant_tcp_due(&rig->plant.tcp);
}

static void *serve(void *arg)
{
    struct rig *rig = arg;
    kw_plant_loop_run(&rig->plant.loop, due, rig);
    return NULL;
}

static void add_line(struct rig *rig, bool tcp, const char *text)
{
    struct kw_plant_spec spec;
    struct kw_plant_diag diag = {""};
    if (kw_plant_spec_parse(&spec, tcp, text, &diag) < 0 ||
        kw_plant_add(&rig->plant, &spec, &diag) < 0)
        fail_msg("%s", diag.text);
    kw_plant_spec_fini(&spec);
}

static void connect_control(struct rig *rig)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    kw_plant_copy(address.sun_path, sizeof address.sun_path, rig->path);
    rig->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(rig->socket >= 0);
    assert_int_equal(connect(rig->socket, (struct sockaddr *)(void *)&address,
                             sizeof address),
                     0);
}

/* Sends a command and waits for the line that answers it. */
static const char *ask(struct rig *rig, const char *command)
{
    size_t have = 0;
    char line[256];
    int size = snprintf(line, sizeof line, "%s\n", command);
    assert_int_equal(write(rig->socket, line, (size_t)size), size);
    for (;;) {
        struct pollfd wait = {.fd = rig->socket, .events = POLLIN};
        assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
        ssize_t got =
            read(rig->socket, rig->answer + have, ANSWER_BYTES - 1 - have);
        assert_true(got > 0);
        have += (size_t)got;
        if (rig->answer[have - 1] == '\n')
            break;
    }
    rig->answer[have - 1] = '\0';
    return rig->answer;
}

static void tell(struct rig *rig, const char *command)
{
    if (strcmp(ask(rig, command), "{\"ok\":true}") != 0)
        fail_msg("%s: %s", command, rig->answer);
}

static int start(void **state)
{
    struct rig *rig = kw_plant_alloc(1, sizeof *rig);
    struct kw_plant_diag diag = {""};
    const char *folder = getenv("TMPDIR");
    rig->answer = kw_plant_alloc(ANSWER_BYTES, 1);
    snprintf(rig->folder, sizeof rig->folder, "%s/plant-XXXXXX",
             folder != NULL && strlen(folder) < 40 ? folder : P_tmpdir);
    assert_non_null(mkdtemp(rig->folder));
    snprintf(rig->path, sizeof rig->path, "%s/control", rig->folder);

    struct kw_plant_settings settings = {
        .folder = rig->folder, .speed = 1, .strict = true};
    settings.era.start_ms = INT64_C(1772625600000);
    struct kw_plant_library library = {.folder = PLANT_CONF "/meters"};
    assert_int_equal(kw_plant_init(&rig->plant, &settings, library, &diag), 0);
    add_line(rig, false,
             "fast:0:8N1:1=eastron_sdm630,2=eastron_sdm120,"
             "5=socomec_diris_b30@1,5=socomec_diris_b30@2");
    add_line(rig, false, "slow:9600:8N1:1=eastron_sdm630");
    add_line(rig, true, "0:1=eastron_sdm630,2=schneider_pm5100");
    assert_int_equal(
        kw_plant_control_open(&rig->control, &rig->plant, rig->path, &diag), 0);
    assert_int_equal(pthread_create(&rig->thread, NULL, serve, rig), 0);
    connect_control(rig);
    tell(rig, "freeze");
    *state = rig;
    return 0;
}

static int stop(void **state)
{
    struct rig *rig = *state;
    tell(rig, "quit");
    pthread_join(rig->thread, NULL);
    close(rig->socket);
    kw_plant_control_close(&rig->control);
    kw_plant_fini(&rig->plant);
    assert_int_equal(rmdir(rig->folder), 0); /* links and socket are gone */
    kw_plant_free(rig->answer);
    kw_plant_free(rig);
    return 0;
}

static modbus_t *dial_serial(const struct rig *rig, const char *line, int unit)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", rig->folder, line);
    modbus_t *master = modbus_new_rtu(path, 9600, 'N', 8, 1);
    assert_non_null(master);
    assert_int_equal(modbus_set_slave(master, unit), 0);
    assert_int_equal(modbus_connect(master), 0);
    modbus_set_response_timeout(master, 0, 300000);
    modbus_set_byte_timeout(master, 0, 100000);
    return master;
}

static modbus_t *dial_tcp(const struct rig *rig, int unit)
{
    modbus_t *master =
        modbus_new_tcp("127.0.0.1", (int)rig->plant.lines[2]->port);
    assert_non_null(master);
    assert_int_equal(modbus_set_slave(master, unit), 0);
    assert_int_equal(modbus_connect(master), 0);
    modbus_set_response_timeout(master, 0, 300000);
    modbus_set_byte_timeout(master, 0, 100000);
    return master;
}

static void hang_up(modbus_t *master)
{
    modbus_close(master);
    modbus_free(master);
}

/* Longer than the silence between frames. */
static void pause_a_little(void)
{
    poll(NULL, 0, 5);
}

static void clean(modbus_t *master)
{
    pause_a_little();
    modbus_flush(master);
}

/* Reads L1-N of an SDM630 and compares it with the control socket's word. */
static int read_voltage(struct rig *rig, modbus_t *master, const char *line)
{
    uint16_t words[2];
    char command[64], expected[64];
    snprintf(command, sizeof command, "values %s 1", line);
    if (modbus_read_input_registers(master, 0, 2, words) != 2)
        return -1;
    snprintf(expected, sizeof expected,
             "{\"quantity\":\"voltage_l1_n\",\"raw\":\"%04X%04X\",", words[0],
             words[1]);
    return strstr(ask(rig, command), expected) != NULL ? 0 : -2;
}

static void test_serial_and_tcp_show_what_values_says(void **state)
{
    struct rig *rig = *state;
    modbus_t *serial = dial_serial(rig, "fast", 1);
    modbus_t *tcp = dial_tcp(rig, 1);
    char port[16];
    snprintf(port, sizeof port, "%u", rig->plant.lines[2]->port);
    assert_int_equal(read_voltage(rig, serial, "fast"), 0);
    assert_int_equal(read_voltage(rig, tcp, port), 0);
    hang_up(serial);
    hang_up(tcp);
}

/* The second load lies 2048 registers further; the block for scans is of the
 * unit. */
static void test_loads_and_the_block_of_a_unit(void **state)
{
    struct rig *rig = *state;
    uint16_t words[4];
    modbus_t *master = dial_serial(rig, "fast", 5);
    assert_int_equal(modbus_read_registers(master, 50000, 4, words), 4);
    const uint16_t soco[] = {'S', 'O', 'C', 'O'};
    assert_memory_equal(words, soco, sizeof soco);
    pause_a_little();
    tell(rig, "set 5.2@fast active_power_total -1234");
    assert_int_equal(modbus_read_registers(master, 18476 + 2048, 2, words), 2);
    assert_int_equal(words[0], 0xFFFF);
    assert_int_equal(words[1], 0x10000 - 1234);
    assert_non_null(strstr(ask(rig, "values fast 5.2"), "\"load\":2"));
    assert_non_null(strstr(ask(rig, "values fast 5.0"), "DIRIS B30"));
    hang_up(master);
}

struct refusal {
    int unit, function, address, count, error;
};

static void test_refusals(void **state)
{
    static const struct refusal rows[] = {
        {1, 4, 100, 2, EMBXILADD},   {1, 4, 0, 81, EMBXILVAL},
        {1, 3, 0, 2, EMBXILFUN},     {2, 4, 0, 61, EMBXILVAL},
        {5, 4, 18432, 1, EMBXILFUN}, {9, 4, 0, 2, ETIMEDOUT},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t words[125];
        modbus_t *master = dial_serial(rig, "fast", rows[i].unit);
        pause_a_little();
        int got = rows[i].function == 3
                      ? modbus_read_registers(master, rows[i].address,
                                              rows[i].count, words)
                      : modbus_read_input_registers(master, rows[i].address,
                                                    rows[i].count, words);
        assert_int_equal(got, -1);
        assert_int_equal(errno, rows[i].error);
        hang_up(master);
    }
    modbus_t *master = dial_serial(rig, "fast", 1);
    pause_a_little();
    assert_int_equal(modbus_write_register(master, 0, 1), -1);
    assert_int_equal(errno, EMBXILFUN);
    hang_up(master);
}

static void test_identification_by_modbus_itself(void **state)
{
    struct rig *rig = *state;
    uint8_t id[64];
    modbus_t *master = dial_serial(rig, "fast", 1);
    pause_a_little();
    int length = modbus_report_slave_id(master, sizeof id, id);
    assert_int_equal(length, 2 + 14);
    assert_memory_equal(id + 2, "Eastron SDM630", 14);
    hang_up(master);
}

/* Each fault spoils the next reply only; then all is well again. */
static void spoil_once(struct rig *rig, modbus_t *master, const char *line,
                       const char *fault, int error)
{
    char command[96];
    uint16_t words[2];
    snprintf(command, sizeof command, "fault %s 1 %s 1", line, fault);
    tell(rig, command);
    clean(master);
    int got = modbus_read_input_registers(master, 0, 2, words);
    if (got != -1 || (error != 0 && errno != error))
        fail_msg("%s: %d %s", fault, got, modbus_strerror(errno));
}

static void test_faults_on_a_serial_line(void **state)
{
    static const struct fault {
        const char *text;
        int error;
    } rows[] = {
        {"truncated", ETIMEDOUT}, {"bad_crc", EMBBADCRC},
        {"wrong_unit", 0},        {"exception(6)", EMBXSBUSY},
        {"dead", ETIMEDOUT},      {"wrong_length", EMBBADDATA},
        {"drip(150)", ETIMEDOUT}, {"late(400)", ETIMEDOUT},
    };
    struct rig *rig = *state;
    modbus_t *master = dial_serial(rig, "fast", 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        spoil_once(rig, master, "fast", rows[i].text, rows[i].error);
        int64_t until_ns = kw_plant_now_ns() + INT64_C(3000000000);
        int result;
        do { /* what came late is thrown away */
            clean(master);
            result = read_voltage(rig, master, "fast");
        } while (result != 0 && kw_plant_now_ns() < until_ns);
        if (result != 0)
            fail_msg("%s: does not get well", rows[i].text);
    }
    hang_up(master);
}

/* A connection that saw a fault may be out of step: a new one for each. */
static void test_faults_over_tcp(void **state)
{
    static const struct fault {
        const char *text;
        int error;
    } rows[] = {
        {"truncated", ETIMEDOUT}, {"foreign_tid", EMBBADDATA},
        {"exception", EMBXSFAIL}, {"dead", ETIMEDOUT},
        {"wrong_length", 0},      {"close", ECONNRESET},
        {"drip(150)", ETIMEDOUT}, {"late(400)", ETIMEDOUT},
    };
    struct rig *rig = *state;
    char port[16];
    snprintf(port, sizeof port, "%u", rig->plant.lines[2]->port);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        modbus_t *master = dial_tcp(rig, 1);
        spoil_once(rig, master, port, rows[i].text, rows[i].error);
        hang_up(master);
        master = dial_tcp(rig, 1);
        assert_int_equal(read_voltage(rig, master, port), 0);
        hang_up(master);
    }
}

/* Waits for `expected` bytes on a raw descriptor; no more may follow soon. */
static void drain(int fd, size_t expected)
{
    uint8_t bytes[4096];
    size_t sum = 0;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (poll(&wait, 1, sum < expected ? WAIT_MS : 50) == 1) {
        ssize_t got = read(fd, bytes, sizeof bytes);
        assert_true(got > 0);
        sum += (size_t)got;
    }
    assert_int_equal(sum, expected);
}

static void test_too_many_bytes(void **state)
{
    struct rig *rig = *state;
    char command[64];
    modbus_t *tcp = dial_tcp(rig, 1);
    static const uint8_t request[] = {0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 2};
    snprintf(command, sizeof command, "fault %u * big 1",
             rig->plant.lines[2]->port);
    tell(rig, command);
    int fd = modbus_get_socket(tcp);
    assert_int_equal(write(fd, request, sizeof request), sizeof request);
    drain(fd, 65536);
    snprintf(command, sizeof command, "fault %u 1 babble(7) 1",
             rig->plant.lines[2]->port);
    tell(rig, command);
    assert_int_equal(write(fd, request, sizeof request), sizeof request);
    drain(fd, 13 + 7);
    hang_up(tcp);

    modbus_t *serial = dial_serial(rig, "fast", 1);
    tell(rig, "fault fast 1 big 1");
    pause_a_little();
    static const uint8_t rtu[] = {1, 4, 0, 0, 0, 2, 0x71, 0xCB};
    fd = modbus_get_socket(serial);
    assert_int_equal(write(fd, rtu, sizeof rtu), sizeof rtu);
    drain(fd, 65536);
    hang_up(serial);
}

/* 8 characters there, 5 ms of nothing set here, 9 characters back; at 9600
 * baud and 10 bits, and at least the silence between. */
static void test_a_paced_line_takes_its_time(void **state)
{
    struct rig *rig = *state;
    uint16_t words[2];
    modbus_t *master = dial_serial(rig, "slow", 1);
    pause_a_little();
    int64_t from_ns = kw_plant_now_ns();
    assert_int_equal(modbus_read_input_registers(master, 0, 2, words), 2);
    int64_t took_ns = kw_plant_now_ns() - from_ns;
    int64_t least_ns = INT64_C(17) * 1041666 + 3645833;
    assert_true(took_ns >= least_ns);
    hang_up(master);
}

/* The plant is strict here: 9600 baud wants 3.6 ms of silence. A busy machine
 * may make the master slow, so it has some tries to be hasty. */
static void test_a_hasty_master_gets_no_answer(void **state)
{
    struct rig *rig = *state;
    uint16_t words[2];
    modbus_t *master = dial_serial(rig, "slow", 1);
    int got = 2;
    for (int i = 0; i < 50 && got == 2; i++)
        got = modbus_read_input_registers(master, 0, 2, words);
    assert_int_equal(got, -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(modbus_read_input_registers(master, 0, 2, words), 2);
    const char *line = strstr(ask(rig, "stats"), "\"line\":\"slow\"");
    assert_non_null(line);
    assert_non_null(strstr(line, "\"bad_requests\":0,\"too_short_gaps\":1"));
    hang_up(master);
}

static void test_noise_on_the_line_is_counted(void **state)
{
    struct rig *rig = *state;
    modbus_t *master = dial_serial(rig, "fast", 1);
    assert_int_equal(write(modbus_get_socket(master), "noise", 5), 5);
    int64_t until_ns = kw_plant_now_ns() + INT64_C(3000000000);
    while (strstr(ask(rig, "stats"), "\"bad_requests\":1") == NULL)
        assert_true(kw_plant_now_ns() < until_ns);
    clean(master);
    assert_int_equal(read_voltage(rig, master, "fast"), 0);
    hang_up(master);
}

static void test_not_modbus_over_tcp_is_hung_up(void **state)
{
    struct rig *rig = *state;
    modbus_t *master = dial_tcp(rig, 1);
    int fd = modbus_get_socket(master);
    assert_int_equal(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char byte;
    assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
    assert_true(read(fd, &byte, 1) <= 0);
    hang_up(master);
}

static void test_patterns_are_shown_and_cleared(void **state)
{
    struct rig *rig = *state;
    uint16_t before[2], words[2], after[2];
    modbus_t *master = dial_tcp(rig, 1);
    assert_int_equal(modbus_read_input_registers(master, 70, 2, before), 2);
    tell(rig, "pattern");
    assert_int_equal(modbus_read_input_registers(master, 70, 2, words), 2);
    assert_memory_not_equal(words, before, sizeof words);
    tell(rig, "clear");
    assert_int_equal(modbus_read_input_registers(master, 70, 2, after), 2);
    assert_memory_equal(after, before, sizeof after);
    hang_up(master);
}

static void test_the_clock_runs_at_its_speed(void **state)
{
    struct rig *rig = *state;
    char before[ANSWER_BYTES / 16];
    tell(rig, "speed 1000");
    snprintf(before, sizeof before, "%.4000s", ask(rig, "values fast 1"));
    assert_true(strncmp(ask(rig, "values fast 1"), before, 200) == 0);
    tell(rig, "run");
    int64_t until_ns = kw_plant_now_ns() + INT64_C(3000000000);
    while (strncmp(ask(rig, "values fast 1"), before, 200) == 0)
        assert_true(kw_plant_now_ns() < until_ns);
    tell(rig, "freeze");
}

/* When requests came: in order, only while it was asked for. */
static void test_arrivals(void **state)
{
    struct rig *rig = *state;
    unsigned port = rig->plant.lines[2]->port, got_port, got_unit;
    modbus_t *master = dial_tcp(rig, 1);
    char path[160], command[200];
    int64_t before_ns, last_ns = 0;
    uint16_t words[2];
    assert_int_equal(modbus_read_input_registers(master, 0, 2, words), 2);
    tell(rig, "arrivals start");
    before_ns = kw_plant_now_ns();
    for (int i = 0; i < 3; i++)
        assert_int_equal(modbus_read_input_registers(master, 0, 2, words), 2);
    snprintf(path, sizeof path, "%s/arrivals", rig->folder);
    snprintf(command, sizeof command, "arrivals %s", path);
    tell(rig, command);
    assert_int_equal(modbus_read_input_registers(master, 0, 2, words), 2);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    int count = 0;
    long long at_ns = 0;
    while (fscanf(file, "%u,%u,%lld\n", &got_port, &got_unit, &at_ns) == 3) {
        assert_int_equal(got_port, port);
        assert_int_equal(got_unit, 1);
        assert_true(at_ns >= before_ns && at_ns > last_ns);
        last_ns = at_ns;
        count++;
    }
    assert_int_equal(count, 3);
    fclose(file);
    assert_int_equal(unlink(path), 0);
    hang_up(master);
}

static void test_wrong_commands(void **state)
{
    static const char *const rows[][2] = {
        {"", "expected a command"},
        {"jump", "'jump': expected values"},
        {"values", "expected values LINE UNIT"},
        {"values attic 1", "no line 'attic'"},
        {"values fast x", "'x': expected UNIT"},
        {"values fast 77", "no meter '77' on fast"},
        {"values fast 5.3", "no meter '5.3' on fast"},
        {"set 1 frequency 50", "expected UNIT@LINE"},
        {"set 1@fast nothing 50", "has no quantity 'nothing'"},
        {"set 1@attic frequency 50", "no line"},
        {"set 44@fast frequency 50", "no meter '44'"},
        {"fault fast 1 sulk", "'sulk': expected late(ms)"},
        {"fault fast 1 close", "is not for serial lines"},
        {"fault fast 77 dead", "no unit '77' on fast"},
        {"fault fast x dead", "expected UNIT or *"},
        {"fault fast 1 dead never", "expected how many replies, or off"},
        {"arrivals /none/file", "/none/file: No such file"},
        {"speed -1", "expected a speed above 0"},
        {"run fast", "expected run"},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *answer = ask(rig, rows[i][0]);
        if (strstr(answer, "{\"error\":") == NULL ||
            strstr(answer, rows[i][1]) == NULL)
            fail_msg("%s: %s", rows[i][0], answer);
    }
    tell(rig, "fault fast * dead");
    tell(rig, "fault fast 1 dead off");
    tell(rig, "fault fast * off");
    assert_non_null(strstr(ask(rig, "meters"),
                           "{\"line\":\"fast\",\"unit\":5,\"load\":0,"
                           "\"profile\":\"socomec_identification\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_serial_and_tcp_show_what_values_says, start, stop),
        cmocka_unit_test_setup_teardown(test_loads_and_the_block_of_a_unit,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_refusals, start, stop),
        cmocka_unit_test_setup_teardown(test_identification_by_modbus_itself,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_faults_on_a_serial_line, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_faults_over_tcp, start, stop),
        cmocka_unit_test_setup_teardown(test_too_many_bytes, start, stop),
        cmocka_unit_test_setup_teardown(test_a_paced_line_takes_its_time, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_a_hasty_master_gets_no_answer,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_noise_on_the_line_is_counted,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_not_modbus_over_tcp_is_hung_up,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_patterns_are_shown_and_cleared,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_the_clock_runs_at_its_speed, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_arrivals, start, stop),
        cmocka_unit_test_setup_teardown(test_wrong_commands, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket with clients that behave and clients that don't; the
 * routes are those of lib/routes.h.
 */
#include "core/control_internal.h"

#include "base/mem.h"
#include "core/control.h"
#include "core/job.h"
#include "core/registry.h"
#include "lib/dial.h"
#include "lib/modules.h"
#include "lib/routes.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 10000 };

struct stage {
    struct kw_fixture fixture;
    struct kw_registry *registry;
    struct kw_control *control;
    struct kw_test_routes *routes;
    bool closed, stopped;
};

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void start_registry(struct stage *stage)
{
    struct kw_core *core = &stage->fixture.core;
    struct kw_conf_set *set;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_registry_new(&stage->registry, kw_test_routes_table),
                     0);
    core->registry = stage->registry;
    set = kw_test_conf(stage->registry, &core->env, "");
    assert_int_equal(kw_registry_start(stage->registry, core, set, &diag), 0);
    kw_conf_set_drop(set);
    kw_diag_fini(&diag);
    stage->routes = kw_registry_self(stage->registry, 0);
}

static int open_control(struct stage *stage)
{
    char why[KW_DIAG_TEXT_SIZE];
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_control_open(&stage->control, &stage->fixture.core, &diag);
    (void)kw_diag_first(&diag, why, sizeof(why));
    assert_int_equal(err != 0, why[0] != 0);
    kw_diag_fini(&diag);
    return err;
}

static int open_stage(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    kw_fixture_open(&stage->fixture, 0);
    start_registry(stage);
    assert_int_equal(open_control(stage), 0);
    *state = stage;
    return 0;
}

static void close_control(struct stage *stage)
{
    stage->closed = false;
    kw_control_close(stage->control, set_flag, &stage->closed);
    kw_fixture_until_set(&stage->fixture, &stage->closed);
    stage->control = NULL;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;

    if (stage->control != NULL)
        close_control(stage);
    kw_registry_stop(stage->registry, set_flag, &stage->stopped);
    kw_fixture_until_set(&stage->fixture, &stage->stopped);
    kw_registry_free(stage->registry);
    kw_fixture_close(&stage->fixture);
    free(stage);
    return 0;
}

static void until_connections(struct stage *stage, unsigned count)
{
    uint64_t until = kw_clock_mono_ms(&kw_clock_system) + DEADLINE_MS;

    while (stage->control->connections != count) {
        assert_true(kw_clock_mono_ms(&kw_clock_system) < until);
        uv_run(&stage->fixture.loop.uv, UV_RUN_NOWAIT);
    }
}

static void until_waiting(struct stage *stage)
{
    uint64_t until = kw_clock_mono_ms(&kw_clock_system) + DEADLINE_MS;

    while (stage->routes->waiting == NULL) {
        assert_true(kw_clock_mono_ms(&kw_clock_system) < until);
        uv_run(&stage->fixture.loop.uv, UV_RUN_NOWAIT);
    }
}

/* --- tests */

static const struct {
    const char *line, *answer;
    bool hangs_up;
} lines[] = {
    {KW_TEST_GET("/echo"),
     "{\"status\":200,\"type\":\"application/json\",\"body\":"
     "{\"n\":7,\"p\":\"\",\"m\":\"\","
     "\"a\":\"application/json\"}}\n",
     false},
    {KW_TEST_GET("/echo?n=8"), "\"n\":8", false},
    {KW_TEST_GET("/echo?"), "\"n\":7", false},
    {KW_TEST_GET("/echo/a%20b"), "\"p\":\"a b\"", false},
    {"{\"method\":\"GET\",\"path\":\"/echo\",\"if_match\":\"5\","
     "\"accept\":\"text/csv\"}\n",
     "\"m\":\"5\",\"a\":\"text/csv\"", false},
    {"{\"method\":\"GET\",\"path\":\"/echo\",\"if_match\":5}\n", "\"m\":\"5\"",
     false},
    {"{\"method\":\"GET\",\"path\":\"/echo\",\"if_match\":{},\"accept\":[]}\n",
     "\"m\":\"\",\"a\":\"application/json\"", false},
    {"{\"method\":\"POST\",\"path\":\"/body\",\"body\":{\"n\":5}}\n",
     "{\"status\":204,\"type\":\"\",\"body\":null}\n", false},
    {KW_TEST_GET("/text"),
     "{\"status\":200,\"type\":\"text/plain\","
     "\"body\":\"two\\n\\\"lines\\\"\\n\"}\n",
     false},
    {KW_TEST_GET("/pretty"), "\"body\":{    \"a\": [ 1 ] }}\n", false},
    {KW_TEST_GET("/nothing"), "{\"status\":204,\"type\":\"\",\"body\":null}\n",
     false},
    {KW_TEST_GET("/stream"),
     "{\"status\":200,\"type\":\"text/csv\","
     "\"body\":\"a,b\\n1,2\\n\"}\n",
     false},
    /* What is refused. */
    {KW_TEST_GET("/events"), "\"key\":\"stream_endless\"", false},
    {KW_TEST_GET("/incomplete"), "\"status\":500,\"key\":\"incomplete\"",
     false},
    {KW_TEST_GET("/flood"), "{\"status\":413,", false},
    {KW_TEST_GET("/huge"), "{\"status\":413,\"type\":\"\",\"body\":null}\n",
     false},
    {KW_TEST_GET("/absent"), "\"status\":404,\"key\":\"route_unknown\"", false},
    {KW_TEST_GET("/echo/"), "\"status\":404", false},
    {"{\"method\":\"DELETE\",\"path\":\"/echo\"}\n", "\"status\":405", false},
    {KW_TEST_GET("/echo/%zz"), "\"key\":\"bad_request\"", false},
    {KW_TEST_GET("/echo?n=x"), "\"key\":\"request_invalid\"", false},
    {KW_TEST_GET("/echo?n=1&n=2"), "n: given twice", false},
    {KW_TEST_GET("/text?n=1"), "takes no query", false},
    {"{\"method\":\"GET\",\"path\":\"/echo\",\"body\":{}}\n", "takes no body",
     false},
    {"{\"method\":\"POST\",\"path\":\"/body\"}\n", "must be a JSON object",
     false},
    {"{\"method\":\"POST\",\"path\":\"/body\",\"body\":{\"m\":5}}\n",
     "unknown key", false},
    {KW_TEST_GET("/setup"), "\"status\":403,\"key\":\"denied\"", false},
    {KW_TEST_GET("/self"), "\"status\":403,\"key\":\"denied\"", false},
    {"{}\n", "Expected {", false},
    {"{\"method\":\"GET\"}\n", "Expected {", false},
    {"{\"path\":\"/echo\"}\n", "Expected {", false},
    {"{\"method\":{},\"path\":\"/echo\"}\n", "Expected {", false},
    {"{\"method\":\"GET\",\"path\":[\"/echo\"]}\n", "Expected {", false},
    {"[]\n", "Expected {", false},
    {"5\n", "Expected {", false},
    /* No JSON at all: told, then the connection ends. */
    {"hello\n", "\"status\":400,", true},
    {"\n", "\"status\":400,", true},
    {"{\"method\":\"GET\",\n", "\"status\":400,", true},
    {"\xff\xfe\x01\n", "\"status\":400,", true},
    {"{\"a\":1,\"a\":2}\n", "\"status\":400,", true},
};

static void test_lines(void **state)
{
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int fd = kw_test_dial(&stage->fixture);

        kw_test_say(&stage->fixture, fd, lines[i].line);
        kw_test_expect_line(&stage->fixture, fd, lines[i].answer);
        if (lines[i].hangs_up) {
            kw_test_expect_hang_up(&stage->fixture, fd);
        } else { /* it goes on */
            kw_test_say(&stage->fixture, fd, KW_TEST_GET("/nothing"));
            kw_test_expect_line(&stage->fixture, fd, "\"status\":204");
        }
        kw_test_hang_up(fd);
    }
    until_connections(stage, 0);
}

static void test_who(void **state)
{
    struct stage *stage = *state;
    char expected[64];
    int fd = kw_test_dial(&stage->fixture);

    snprintf(expected, sizeof(expected), "\"local:%u local %d\"",
             (unsigned)geteuid(),
             KW_MAY_SEE | KW_MAY_OPERATE | KW_MAY_CONFIGURE | KW_MAY_SECURE);
    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/who"));
    kw_test_expect_line(&stage->fixture, fd, expected);
    kw_test_hang_up(fd);
}

/* A NUL in a line is garbage like any other. */
static void test_nul(void **state)
{
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);

    kw_test_say_bytes(&stage->fixture, fd, "{\"method\0\":1}\n", 14);
    kw_test_expect_line(&stage->fixture, fd, "\"status\":400,");
    kw_test_expect_hang_up(&stage->fixture, fd);
    kw_test_hang_up(fd);
}

static void test_several_lines(void **state)
{
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);
    bool hung_up;
    char *heard;

    kw_test_say(&stage->fixture, fd,
                KW_TEST_GET("/echo?n=1") KW_TEST_GET("/text")
                    KW_TEST_GET("/echo?n=2") KW_TEST_GET("/stream")
                        KW_TEST_GET("/echo?n=3") "{\"method\":\"GET\",\"pa");
    heard = kw_test_hear(&stage->fixture, fd, 5, &hung_up);
    assert_non_null(strstr(heard, "\"n\":1"));
    assert_true(strstr(heard, "\"n\":1") < strstr(heard, "lines"));
    assert_true(strstr(heard, "lines") < strstr(heard, "\"n\":2"));
    assert_true(strstr(heard, "\"n\":2") < strstr(heard, "a,b"));
    assert_true(strstr(heard, "a,b") < strstr(heard, "\"n\":3"));
    free(heard);
    kw_test_say(&stage->fixture, fd, "th\":\"/echo?n=4\"}\n");
    kw_test_expect_line(&stage->fixture, fd, "\"n\":4");
    kw_test_hang_up(fd);
}

static void test_byte_by_byte(void **state)
{
    static const char line[] = KW_TEST_GET("/echo?n=5");
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);

    for (size_t i = 0; line[i] != 0; i++) {
        kw_test_say_bytes(&stage->fixture, fd, line + i, 1);
        kw_test_turn(&stage->fixture, fd, POLLOUT);
    }
    kw_test_expect_line(&stage->fixture, fd, "\"n\":5");
    kw_test_hang_up(fd);
}

/* A line that never ends, and one that ends too late. */
static void test_overlong(void **state)
{
    struct stage *stage = *state;
    size_t length = (1 << 20) + 1;
    char *words = malloc(length);
    int fd = kw_test_dial(&stage->fixture);

    memset(words, 'x', length);
    kw_test_say_bytes(&stage->fixture, fd, words, length);
    kw_test_expect_hang_up(&stage->fixture, fd);
    kw_test_hang_up(fd);

    /* As long as may be: it is read to the end. */
    memset(words, ' ', length);
    memcpy(words, "{", 1);
    memcpy(words + length - 3, "}\n", 2);
    fd = kw_test_dial(&stage->fixture);
    kw_test_say_bytes(&stage->fixture, fd, words, length - 1);
    kw_test_expect_line(&stage->fixture, fd, "Expected {");
    kw_test_hang_up(fd);
    free(words);
}

static void test_ninth(void **state)
{
    struct stage *stage = *state;
    int fds[8], ninth;

    for (int i = 0; i < 8; i++)
        fds[i] = kw_test_dial(&stage->fixture);
    until_connections(stage, 8);
    ninth = kw_test_dial(&stage->fixture);
    kw_test_expect_hang_up(&stage->fixture, ninth);
    kw_test_hang_up(ninth);
    for (int i = 0; i < 8; i++) {
        kw_test_say(&stage->fixture, fds[i], KW_TEST_GET("/nothing"));
        kw_test_expect_line(&stage->fixture, fds[i], "\"status\":204");
    }
    kw_test_hang_up(fds[3]);
    until_connections(stage, 7);
    fds[3] = kw_test_dial(&stage->fixture);
    kw_test_say(&stage->fixture, fds[3], KW_TEST_GET("/nothing"));
    kw_test_expect_line(&stage->fixture, fds[3], "\"status\":204");
    for (int i = 0; i < 8; i++)
        kw_test_hang_up(fds[i]);
    until_connections(stage, 0);
}

static void test_answer_later(void **state)
{
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);

    kw_test_say(&stage->fixture, fd,
                KW_TEST_GET("/later") KW_TEST_GET("/echo?n=9"));
    until_waiting(stage);
    kw_fixture_run_ms(&stage->fixture, 5); /* the second waits its turn */
    kw_test_routes_answer(stage->routes);
    kw_test_expect_line(&stage->fixture, fd, "\"status\":204");
    kw_test_expect_line(&stage->fixture, fd, "\"n\":9");
    kw_test_hang_up(fd);
}

static void test_client_goes_while_waiting(void **state)
{
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);

    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/later"));
    until_waiting(stage);
    kw_test_hang_up(fd);
    until_connections(stage, 0);
    assert_int_equal(stage->routes->closed, 1);

    /* Nobody asked to be told. */
    fd = kw_test_dial(&stage->fixture);
    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/later/deaf"));
    until_waiting(stage);
    kw_test_hang_up(fd);
    until_connections(stage, 0);
    stage->routes->waiting = NULL;
    assert_int_equal(stage->routes->closed, 1);
}

/* It goes while an answer is on its way that it doesn't read. */
static void test_client_goes_while_reading(void **state)
{
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);

    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/big"));
    until_connections(stage, 1);
    for (int i = 0; i < 20; i++)
        kw_test_turn(&stage->fixture, fd, POLLIN);
    kw_test_hang_up(fd);
    until_connections(stage, 0);
}

static void test_close_while_waiting(void **state)
{
    struct stage *stage = *state;
    int waits = kw_test_dial(&stage->fixture),
        idle = kw_test_dial(&stage->fixture);

    kw_test_say(&stage->fixture, waits, KW_TEST_GET("/later"));
    until_waiting(stage);
    close_control(stage);
    assert_int_equal(stage->routes->closed, 1);
    kw_test_expect_hang_up(&stage->fixture, waits);
    kw_test_expect_hang_up(&stage->fixture, idle);
    kw_test_hang_up(waits);
    kw_test_hang_up(idle);
}

/* A line that comes while the answer before it is still on its way. */
static void test_line_while_writing(void **state)
{
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);
    bool hung_up;
    char *heard;

    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/big"));
    for (int i = 0; i < 20; i++)
        kw_test_turn(&stage->fixture, fd, POLLIN);
    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/echo?n=6"));
    for (int i = 0; i < 20; i++)
        kw_test_turn(&stage->fixture, fd, POLLIN);
    heard = kw_test_hear(&stage->fixture, fd, 2, &hung_up);
    assert_false(hung_up);
    assert_non_null(strstr(heard, "\"n\":6"));
    free(heard);
    kw_test_hang_up(fd);
}

static void test_close_while_writing(void **state)
{
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);

    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/big"));
    for (int i = 0; i < 20; i++)
        kw_test_turn(&stage->fixture, fd, POLLIN);
    close_control(stage);
    kw_test_hang_up(fd);
}

/* "Nothing more comes" is no reason to leave what came without an answer. */
static void test_half_closed(void **state)
{
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);
    bool hung_up;
    char *heard;

    kw_test_say(&stage->fixture, fd,
                KW_TEST_GET("/big") KW_TEST_GET("/echo?n=1")
                    KW_TEST_GET("/echo?n=2"));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    heard = kw_test_hear(&stage->fixture, fd, 4, &hung_up);
    assert_true(hung_up);
    assert_true(strlen(heard) > KW_TEST_BIG_BYTES);
    assert_non_null(strstr(heard, "\"n\":1"));
    assert_non_null(strstr(heard, "\"n\":2"));
    free(heard);
    kw_test_hang_up(fd);

    /* A handler that waits on a half-closed connection answers too. */
    fd = kw_test_dial(&stage->fixture);
    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/big") KW_TEST_GET("/later"));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    heard = kw_test_hear(&stage->fixture, fd, 1, &hung_up);
    free(heard);
    until_waiting(stage);
    kw_test_routes_answer(stage->routes);
    kw_test_expect_line(&stage->fixture, fd, "\"status\":204");
    kw_test_expect_hang_up(&stage->fixture, fd);
    kw_test_hang_up(fd);
}

static struct kw_control_connection *only_connection(struct stage *stage)
{
    assert_int_equal(stage->control->connections, 1);
    return KW_LIST_ENTRY(stage->control->open.next,
                         struct kw_control_connection, link);
}

/* Turns the clock of the idle timer. What was written is told to the loop a
 * turn after the peer has read it, and starts the timer anew. */
static void hurry(struct stage *stage)
{
    uv_timer_t *timer = &only_connection(stage)->timer;

    kw_fixture_run_ms(&stage->fixture, 2);
    assert_true(uv_is_active((uv_handle_t *)timer));
    uv_timer_start(timer, timer->timer_cb, 0, 0);
    kw_fixture_run_ms(&stage->fixture, 2);
}

static void test_idle(void **state)
{
    struct stage *stage = *state;
    int fd = kw_test_dial(&stage->fixture);

    until_connections(stage, 1);
    hurry(stage);
    kw_test_expect_hang_up(&stage->fixture, fd);
    kw_test_hang_up(fd);
    until_connections(stage, 0);

    /* A handler may take its time; afterwards the clock runs again. */
    fd = kw_test_dial(&stage->fixture);
    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/later"));
    until_waiting(stage);
    hurry(stage);
    assert_int_equal(stage->control->connections, 1);
    kw_test_routes_answer(stage->routes);
    kw_test_expect_line(&stage->fixture, fd, "\"status\":204");
    hurry(stage);
    kw_test_expect_hang_up(&stage->fixture, fd);
    kw_test_hang_up(fd);
    until_connections(stage, 0);

    /* Who doesn't read is not waited for either. */
    fd = kw_test_dial(&stage->fixture);
    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/big"));
    until_connections(stage, 1);
    for (int i = 0; i < 20; i++)
        kw_test_turn(&stage->fixture, fd, POLLIN);
    hurry(stage);
    until_connections(stage, 0);
    kw_test_hang_up(fd);
}

/* Only our own user and root: another one gets nothing, even when the file's
 * mode would let it in. */
static void test_stranger(void **state)
{
    struct stage *stage = *state;
    char path[128];
    int status = 0;
    pid_t child;

    if (geteuid() != 0)
        skip();
    snprintf(path, sizeof(path), "%s/control.sock", stage->fixture.dir);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(chmod(stage->fixture.dir, 0755), 0);
    child = fork();
    if (child == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        char byte;

        memcpy(address.sun_path, path, strlen(path) + 1);
        if (setuid(65534) != 0 || connect(fd, (const struct sockaddr *)&address,
                                          sizeof(address)) != 0)
            _exit(2);
        (void)!write(fd, KW_TEST_GET("/who"), strlen(KW_TEST_GET("/who")));
        _exit(read(fd, &byte, 1) > 0 ? 1 : 0);
    }
    assert_true(child > 0);
    while (waitpid(child, &status, WNOHANG) == 0)
        kw_test_turn(&stage->fixture, -1, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(stage->control->connections, 0);
}

/* Out of descriptors: it waits a moment instead of spinning, then goes on. */
static void test_no_descriptors(void **state)
{
    struct stage *stage = *state;
    struct rlimit usual, none;
    int fd = kw_test_dial(&stage->fixture);

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    kw_fixture_run_ms(&stage->fixture, 5);
    assert_false(uv_is_active((uv_handle_t *)&stage->control->poll));
    assert_int_equal(stage->control->connections, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    kw_test_hang_up(fd);
    fd = kw_test_dial(&stage->fixture);
    kw_test_say(&stage->fixture, fd, KW_TEST_GET("/nothing"));
    kw_test_expect_line(&stage->fixture, fd, "\"status\":204");
    kw_test_hang_up(fd);
}

static mode_t mode_of(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 ? info.st_mode : 0;
}

static void test_file(void **state)
{
    struct stage *stage = *state;
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/control.sock", stage->fixture.dir);
    assert_true(S_ISSOCK(mode_of(path)));
    assert_int_equal(mode_of(path) & 0777, 0600);
    close_control(stage);
    assert_int_equal(mode_of(path), 0);

    /* What a crash left behind is replaced. */
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(open_control(stage), 0);
    assert_true(S_ISSOCK(mode_of(path)));
    close_control(stage);

    /* What can't be replaced is told. */
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(open_control(stage), KW_EBUSY);
    assert_int_equal(rmdir(path), 0);
    stage->control = NULL;
}

static void test_bad_folder(void **state)
{
    struct stage *stage = *state;
    char path[200];

    close_control(stage);
    snprintf(path, sizeof(path), "%s/absent", stage->fixture.dir);
    stage->fixture.core.env.state_dir = path;
    assert_int_equal(open_control(stage), KW_ENOTFOUND);
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = 0;
    assert_int_equal(open_control(stage), KW_ERANGE);
    stage->control = NULL;
}

/* --- the command line's side, which blocks: so it runs as a job */

struct ask {
    struct kw_job job;
    const char *dir, *request;
    char *answer;
    int err;
    bool done;
};

static void ask_work(struct kw_job *job)
{
    struct ask *ask = KW_LIST_ENTRY(job, struct ask, job);

    ask->err = kw_control_ask(ask->dir, ask->request, &ask->answer);
}

static void ask_done(struct kw_job *job, int err)
{
    struct ask *ask = KW_LIST_ENTRY(job, struct ask, job);

    assert_int_equal(err, 0);
    ask->done = true;
}

static int ask(struct stage *stage, const char *dir, const char *request,
               char **answer)
{
    struct ask ask = {.job = {.work = ask_work, .done = ask_done},
                      .dir = dir,
                      .request = request};

    assert_int_equal(
        kw_jobs_submit(stage->fixture.core.jobs, KW_LANE_WORK, &ask.job), 0);
    kw_fixture_until_set(&stage->fixture, &ask.done);
    *answer = ask.answer;
    return ask.err;
}

static void test_ask(void **state)
{
    struct stage *stage = *state;
    const char *dir = stage->fixture.dir;
    char *answer = NULL;

    assert_int_equal(
        ask(stage, dir, "{\"method\":\"GET\",\"path\":\"/echo\"}", &answer), 0);
    assert_non_null(strstr(answer, "\"n\":7"));
    assert_null(strchr(answer, '\n'));
    kw_free(answer);

    assert_int_equal(
        ask(stage, dir, "{\"method\":\"GET\",\"path\":\"/big\"}", &answer), 0);
    assert_true(strlen(answer) > KW_TEST_BIG_BYTES);
    kw_free(answer);
}

static void test_ask_nobody(void **state)
{
    struct stage *stage = *state;
    char path[200];
    char *answer = NULL;

    /* It hangs up: the line is too long. */
    {
        size_t length = (2 << 20);
        char *words = malloc(length);
        int err;

        memset(words, 'x', length);
        words[length - 1] = 0;
        err = ask(stage, stage->fixture.dir, words, &answer);
        assert_true(err == KW_EOF || err == KW_EIO);
        free(words);
    }
    close_control(stage);
    assert_int_equal(kw_control_ask(stage->fixture.dir, "{}", &answer),
                     KW_ENOTFOUND);
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = 0;
    assert_int_equal(kw_control_ask(path, "{}", &answer), KW_ERANGE);
    assert_null(answer);
}

/* Somebody who takes the connection and says nothing, or half a line. */
static void answer_badly(struct stage *stage, const char *words)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
    struct ask ask = {.job = {.work = ask_work, .done = ask_done},
                      .dir = stage->fixture.dir,
                      .request = "{}"};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock",
             stage->fixture.dir);
    assert_int_equal(
        bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(
        kw_jobs_submit(stage->fixture.core.jobs, KW_LANE_WORK, &ask.job), 0);
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    {
        char request[3];

        assert_int_equal(recv(fd, request, 3, MSG_WAITALL), 3);
        assert_int_equal(send(fd, words, strlen(words), 0), strlen(words));
    }
    kw_test_hang_up(fd);
    kw_test_hang_up(listener);
    kw_fixture_until_set(&stage->fixture, &ask.done);
    assert_int_equal(ask.err, KW_EOF);
    assert_null(ask.answer);
    assert_int_equal(unlink(address.sun_path), 0);
}

static void test_ask_in_vain(void **state)
{
    struct stage *stage = *state;

    close_control(stage);
    answer_badly(stage, "");
    answer_badly(stage, "{\"status\":200");
}

/* A socket that nobody listens on any more: the gateway was killed. */
static void test_ask_killed(void **state)
{
    struct stage *stage = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *answer = NULL;
    int fd;

    close_control(stage);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock",
             stage->fixture.dir);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(
        bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    kw_test_hang_up(fd);
    assert_int_equal(kw_control_ask(stage->fixture.dir, "{}", &answer),
                     KW_ENOTFOUND);
    assert_null(answer);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lines),
        TEST(test_who),
        TEST(test_nul),
        TEST(test_several_lines),
        TEST(test_byte_by_byte),
        TEST(test_overlong),
        TEST(test_ninth),
        TEST(test_answer_later),
        TEST(test_client_goes_while_waiting),
        TEST(test_client_goes_while_reading),
        TEST(test_close_while_waiting),
        TEST(test_line_while_writing),
        TEST(test_close_while_writing),
        TEST(test_half_closed),
        TEST(test_idle),
        TEST(test_stranger),
        TEST(test_no_descriptors),
        TEST(test_file),
        TEST(test_bad_folder),
        TEST(test_ask),
        TEST(test_ask_nobody),
        TEST(test_ask_in_vain),
        TEST(test_ask_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

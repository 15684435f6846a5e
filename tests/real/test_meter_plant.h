/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated switchboard as a process of a test: started with options of
 * the test's choice, asked over its control socket, ended at the end.
 */
#ifndef KW_TEST_METER_PLANT_H
#define KW_TEST_METER_PLANT_H

#include "loop/test_meter_rig.h"

#include <signal.h>
#include <sys/un.h>
#include <sys/wait.h>

struct plant {
    pid_t pid;
    int control;
    char dir[64];
    unsigned tcp_port; /* the first of --tcp 0:... */
    char answer[1 << 20];
    struct kw_arena arena; /* of the answer's tree */
};

/* One line from a descriptor that waits. */
static inline void plant_read_line(int fd, char *line, size_t size)
{
    size_t length = 0;

    while (length + 1 < size) {
        ssize_t got = read(fd, line + length, size - 1 - length);

        if (got <= 0)
            fail_msg("the plant has gone or does not answer");
        length += (size_t)got;
        if (line[length - 1] == '\n')
            break;
    }
    line[length] = 0;
}

static inline const struct kw_node *plant_ask(struct plant *plant,
                                              const char *format, ...)
    KW_PRINTF(2, 3);

/* Sends a command and gives the tree of the answer until the next command. */
static inline const struct kw_node *plant_ask(struct plant *plant,
                                              const char *format, ...)
{
    struct kw_node *root = NULL;
    struct kw_diag diag;
    char command[256];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(command, sizeof(command) - 1, format, args);
    va_end(args);
    command[length++] = '\n';
    assert_int_equal(write(plant->control, command, (size_t)length), length);
    plant_read_line(plant->control, plant->answer, sizeof(plant->answer));
    kw_arena_fini(&plant->arena);
    kw_diag_init(&diag);
    assert_int_equal(kw_conf_parse_json(plant->answer, strlen(plant->answer),
                                        &plant->arena, &root, &diag),
                     0);
    kw_diag_fini(&diag);
    return root;
}

/* A number of an answer. */
static inline double plant_number(const struct kw_node *node, const char *key)
{
    const struct kw_node *child = kw_node_get(node, key);
    double value = 0;

    assert_non_null(child);
    assert_int_equal(kw_text_parse_real(child->text, &value), 0);
    return value;
}

static inline void plant_connect(struct plant *plant)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 10};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control",
             plant->dir);
    plant->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        connect(plant->control, (struct sockaddr *)&address, sizeof(address)),
        0);
    setsockopt(plant->control, SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof(patience));
}

/* options: words after the usual ones, NULL at the end. */
static inline void plant_start(struct plant *plant, const char *const *options)
{
    char control[96], ready[4096];
    const char *argv[40] = {KW_TEST_PLANT, "--maps",   KW_TEST_CONF "/meters",
                            "--dir",       plant->dir, "--control",
                            control,       "--ready"};
    size_t argc = 8;
    const char *port;
    int pipe_fds[2];

    memset(plant, 0, sizeof(*plant));
    kw_test_make_dir(plant->dir, sizeof(plant->dir));
    kw_arena_init(&plant->arena, 64 << 20);
    snprintf(control, sizeof(control), "%s/control", plant->dir);
    while (*options != NULL && argc + 1 < sizeof(argv) / sizeof(argv[0]))
        argv[argc++] = *options++;
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    plant->pid = fork();
    assert_true(plant->pid >= 0);
    if (plant->pid == 0) {
        union {
            const char **in;
            char *const *out;
        } words = {.in = argv};

        dup2(pipe_fds[1], 1);
        execv(KW_TEST_PLANT, words.out);
        _exit(127);
    }
    close(pipe_fds[1]);
    plant_read_line(pipe_fds[0], ready, sizeof(ready));
    close(pipe_fds[0]);
    port = strstr(ready, "\"port\":");
    for (port += port != NULL ? 7 : 0;
         port != NULL && *port >= '0' && *port <= '9'; port++)
        plant->tcp_port = plant->tcp_port * 10 + (unsigned)(*port - '0');
    plant_connect(plant);
}

static inline void plant_stop(struct plant *plant)
{
    int status;

    kill(plant->pid, SIGTERM);
    close(plant->control);
    assert_int_equal(waitpid(plant->pid, &status, 0), plant->pid);
    kw_arena_fini(&plant->arena);
    kw_test_remove(plant->dir);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kilowatch-plant: arguments, start, run, stop.
 */
#include "control.h"
#include "options.h"

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The parts that live as long as the program. */
struct program {
    struct kw_plant_watch signals; /* first */
    struct kw_plant plant;
    struct kw_plant_control control;
};

static void on_signal(struct kw_plant_watch *watch, uint32_t events)
{
    struct program *program = (struct program *)(void *)watch;
    (void)events;
    program->plant.loop.quit = true;
}

/* SIGTERM and SIGINT end the loop; blocked before the first thread starts, so
 * that all threads leave them to the loop. */
static int watch_signals(struct program *program, struct kw_plant_diag *diag)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    program->signals = (struct kw_plant_watch){fd, on_signal};
    if (fd < 0 ||
        kw_plant_loop_add(&program->plant.loop, &program->signals, EPOLLIN) < 0)
        return kw_plant_say(diag, "cannot wait for signals");
    return 0;
}

static void allow_many_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int64_t due(void *arg)
{
    struct program *program = arg;
    return kw_plant_tcp_due(&program->plant.tcp);
}

static int start_lines(struct program *program,
                       const struct kw_plant_options *options,
                       struct kw_plant_diag *diag)
{
    for (size_t i = 0; i < options->count; i++) {
        struct kw_plant_spec spec;
        if (kw_plant_spec_parse(&spec, options->lines[i].tcp,
                                options->lines[i].text, diag) < 0)
            return -1;
        int result = kw_plant_add(&program->plant, &spec, diag);
        kw_plant_spec_fini(&spec);
        if (result < 0)
            return -1;
    }
    if (options->control == NULL)
        return 0;
    return kw_plant_control_open(&program->control, &program->plant,
                                 options->control, diag);
}

static void print_ready(const struct program *program, const char *control)
{
    struct kw_plant_out out = {0};
    kw_plant_print_ready(&program->plant, control, &out);
    puts(out.data);
    fflush(stdout);
    kw_plant_free(out.data);
}

static int serve(struct program *program,
                 const struct kw_plant_options *options,
                 struct kw_plant_diag *diag)
{
    struct kw_plant_library library = {.folder = options->maps,
                                       .quantities = options->quantities};
    if (kw_plant_init(&program->plant, &options->settings, library, diag) < 0)
        return -1;
    program->control.watch.fd = -1;
    program->signals.fd = -1;
    int result = watch_signals(program, diag);
    if (result == 0)
        result = start_lines(program, options, diag);
    if (result == 0) {
        if (options->ready)
            print_ready(program, options->control);
        kw_plant_loop_run(&program->plant.loop, due, program);
    }
    kw_plant_control_close(&program->control);
    if (program->signals.fd >= 0)
        close(program->signals.fd);
    kw_plant_fini(&program->plant);
    return result;
}

int main(int argc, char **argv)
{
    struct kw_plant_options options;
    struct kw_plant_diag diag = {""};
    if (kw_plant_options_parse(&options, argc, argv, &diag) < 0) {
        fprintf(stderr, "kilowatch-plant: %s\n", diag.text);
        return 2;
    }
    if (options.help) {
        fputs(kw_plant_options_usage(), stdout);
        return 0;
    }
    allow_many_descriptors();
    struct program *program = kw_plant_alloc(1, sizeof *program);
    int result = serve(program, &options, &diag);
    kw_plant_free(program);
    if (result < 0)
        fprintf(stderr, "kilowatch-plant: %s\n", diag.text);
    return result < 0 ? 1 : 0;
}

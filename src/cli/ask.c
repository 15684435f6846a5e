/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that ask the running gateway over its control socket. */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/control.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX_BYTES = 64 << 20, ARENA_MAX_BYTES = 256 << 20 };

/* The body as text: a string as it is, anything else as JSON. */
static char *body_text(const struct kw_node *body)
{
    struct kw_buf out;
    char *text = NULL;

    if (body == NULL || body->kind == KW_NODE_NULL)
        return kw_strdup("");
    if (body->kind == KW_NODE_SCALAR && !body->plain)
        return kw_strdup(body->text);
    kw_buf_init(&out, ANSWER_MAX_BYTES);
    kw_node_format_json(body, &out);
    if (kw_buf_err(&out) == 0)
        text = kw_strndup((const char *)out.data, out.length);
    kw_buf_fini(&out);
    return text;
}

/* Takes the answer's line apart. */
static int parse_answer(const char *line, char **body)
{
    struct kw_arena arena;
    struct kw_node *root = NULL;
    const struct kw_node *status;
    struct kw_diag diag;
    int64_t number = -1;

    kw_arena_init(&arena, ARENA_MAX_BYTES);
    kw_diag_init(&diag);
    if (kw_conf_parse_json(line, strlen(line), &arena, &root, &diag) == 0) {
        status = kw_node_get(root, "status");
        if (status == NULL || kw_text_parse_i64(status->text, &number) != 0)
            number = -1;
        *body = body_text(kw_node_get(root, "body"));
    }
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return *body != NULL ? (int)number : -1;
}

int kw_cli_ask(const struct kw_options *options, const char *request,
               char **body)
{
    const char *state = options->state != NULL ? options->state : KW_STATE_DIR;
    char *line = NULL;
    int status, err = kw_control_ask(state, request, &line);

    *body = NULL;
    if (err == KW_ENOTFOUND)
        return 0;
    if (err != 0) {
        fprintf(stderr, "the gateway on %s can't be asked: %s\n", state,
                kw_strerror(err));
        return -1;
    }
    status = parse_answer(line, body);
    kw_free(line);
    if (status == -1)
        fprintf(stderr, "the gateway's answer can't be read\n");
    return status;
}

const char *kw_node_text(const struct kw_node *node, const char *key)
{
    const struct kw_node *child = kw_node_get(node, key);

    return child != NULL && child->text != NULL ? child->text : "";
}

void kw_print_problem(const char *body)
{
    struct kw_arena arena;
    struct kw_node *root = NULL;
    struct kw_diag diag;

    kw_arena_init(&arena, 1 << 20);
    kw_diag_init(&diag);
    if (kw_conf_parse_json(body, strlen(body), &arena, &root, &diag) == 0)
        fprintf(stderr, "%s\n", kw_node_text(root, "detail"));
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
}

static void print_module(const struct kw_node *module)
{
    const struct kw_node *metrics = kw_node_get(module, "metrics");

    printf("%-10s %-9s %-9s %s\n", kw_node_text(module, "name"),
           kw_node_text(module, "state"), kw_node_text(module, "level"),
           kw_node_text(module, "text"));
    for (const struct kw_node *at = metrics != NULL ? metrics->first : NULL;
         at != NULL; at = at->next)
        printf("    %-32s %18s %s\n", kw_node_text(at, "name"),
               kw_node_text(at, "value"), kw_node_text(at, "unit"));
}

static int print_status(const char *body)
{
    struct kw_arena arena;
    struct kw_node *root = NULL;
    const struct kw_node *modules;
    struct kw_diag diag;
    int64_t uptime = 0;
    int err;

    kw_arena_init(&arena, 16 << 20);
    kw_diag_init(&diag);
    err = kw_conf_parse_json(body, strlen(body), &arena, &root, &diag);
    if (err == 0) {
        (void)!kw_text_parse_i64(kw_node_text(root, "uptime_ms"), &uptime);
        printf("kilowatch %s, %s, up %lld s\n", kw_node_text(root, "version"),
               kw_node_text(root, "status"), (long long)(uptime / 1000));
        modules = kw_node_get(root, "modules");
        for (const struct kw_node *at = modules != NULL ? modules->first : NULL;
             at != NULL; at = at->next)
            print_module(at);
    }
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return err == 0 ? KW_EXIT_DONE : KW_EXIT_FAILED;
}

int kw_cli_status(const struct kw_options *options, int argc, char **argv)
{
    char *body;
    int status, code = KW_EXIT_FAILED;

    (void)argv;
    if (argc > 0)
        return KW_EXIT_USAGE;
    status =
        kw_cli_ask(options, "{\"method\":\"GET\",\"path\":\"/status\"}", &body);
    if (status == 0)
        fprintf(stderr, "no gateway runs on the state folder %s\n",
                options->state != NULL ? options->state : KW_STATE_DIR);
    else if (status == 200 && options->json)
        code = printf("%s\n", body) > 0 ? KW_EXIT_DONE : KW_EXIT_FAILED;
    else if (status == 200)
        code = print_status(body);
    else if (body != NULL)
        kw_print_problem(body);
    kw_free(body);
    return code;
}

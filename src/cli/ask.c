/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that ask the running gateway over its control socket. */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/control.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_MAX_BYTES = 256 << 20 };

/* A JSON value as text: a string's content, anything else as it stands. */
static char *value_text(const char *json, size_t length)
{
    struct kw_arena arena;
    struct kw_node *root = NULL;
    struct kw_diag diag;
    char *text = NULL;

    if (length == 0 || json[0] != '"')
        return length == 4 && memcmp(json, "null", 4) == 0
                   ? kw_strdup("")
                   : kw_strndup(json, length);
    kw_arena_init(&arena, ARENA_MAX_BYTES);
    kw_diag_init(&diag);
    if (kw_conf_parse_answer(json, length, &arena, &root, &diag) == 0)
        text = kw_strdup(root->text);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return text;
}

/*
 * Takes the answer's line apart: {"status":200,"type":"...","body":...}. The
 * body is last (core/control_connection.c) and handed on without a tree: it
 * may be tens of megabytes. No text before it can hold the mark, since quotes
 * inside are escaped.
 */
static int parse_answer(const char *line, char **body)
{
    static const char head[] = "{\"status\":", mark[] = ",\"body\":";
    const char *from = strstr(line, mark);
    size_t length = strlen(line), digits;
    int64_t number = -1;
    char status[8] = "";

    if (strncmp(line, head, sizeof(head) - 1) != 0 || from == NULL ||
        line[length - 1] != '}')
        return -1;
    digits = strcspn(line + sizeof(head) - 1, ",");
    if (digits >= sizeof(status))
        return -1;
    memcpy(status, line + sizeof(head) - 1, digits);
    if (kw_text_parse_i64(status, &number) != 0)
        return -1;
    from += sizeof(mark) - 1;
    *body = value_text(from, (size_t)(line + length - 1 - from));
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
    err = kw_conf_parse_answer(body, strlen(body), &arena, &root, &diag);
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

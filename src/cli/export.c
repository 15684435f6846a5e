/* SPDX-License-Identifier: Apache-2.0 */
/* kilowatch export: measured values as CSV, through the running gateway. */
#include "cli/cli.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Appends "&key=value" with what is special in a query as %XX. */
static void put_query(struct kw_buf *path, const char *key, const char *value)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._,:";

    if (value == NULL)
        return;
    kw_buf_put_byte(path, path->length == strlen("/history") ? '?' : '&');
    kw_buf_printf(path, "%s=", key);
    for (; *value != 0; value++) {
        if (strchr(plain, *value) != NULL)
            kw_buf_put_byte(path, (unsigned char)*value);
        else
            kw_buf_printf(path, "%%%02X", (unsigned)(unsigned char)*value);
    }
}

static int build_request(const struct kw_options *options, struct kw_buf *out)
{
    struct kw_json json;
    struct kw_buf path;
    int err;

    kw_buf_init(&path, 64 << 10);
    kw_buf_put_text(&path, "/history");
    put_query(&path, "points", options->points);
    put_query(&path, "from", options->from);
    put_query(&path, "to", options->to);
    put_query(&path, "step", options->step);
    kw_json_init(&json, out);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "method", "GET");
    kw_json_text(&json, "path", kw_buf_text(&path));
    kw_json_text(&json, "accept", "text/csv");
    kw_json_end_object(&json);
    err = kw_buf_err(&path) != 0 ? kw_buf_err(&path) : kw_buf_err(out);
    kw_buf_fini(&path);
    return err;
}

int kw_cli_export(const struct kw_options *options, int argc, char **argv)
{
    struct kw_buf request;
    char *body = NULL;
    int status = -1;

    (void)argv;
    if (argc > 0 || options->points == NULL || options->from == NULL ||
        options->to == NULL)
        return KW_EXIT_USAGE;
    kw_buf_init(&request, 128 << 10);
    if (build_request(options, &request) == 0)
        status = kw_cli_ask(options, kw_buf_text(&request), &body);
    if (status == 200)
        printf("%s", body);
    else if (status == 0)
        fprintf(stderr, "no gateway runs on that state folder\n");
    else if (body != NULL)
        kw_print_problem(body);
    kw_buf_fini(&request);
    kw_free(body);
    if (status == 200)
        return KW_EXIT_DONE;
    return status > 0 ? KW_EXIT_NO : KW_EXIT_FAILED;
}

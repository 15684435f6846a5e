/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kilowatch config export|history|diff|rollback: through the running gateway
 * when there is one, else straight from the state folder's database.
 */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/revision.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The database opened offline. */
struct store {
    struct kw_db *db;
    struct kw_revisions *revisions;
};

static int open_store(struct store *store, const struct kw_options *options)
{
    const struct kw_db_options how = {
        .dir = options->state != NULL ? options->state : KW_STATE_DIR,
        .map_bytes = UINT64_C(8) << 30,
        .tables = 64,
        .commit_ms = 1000,
    };
    struct kw_diag diag;
    int err;

    *store = (struct store){0};
    kw_diag_init(&diag);
    err = kw_db_open(&store->db, &how, &diag);
    if (err == 0)
        err = kw_revisions_new(&store->revisions, store->db);
    if (err != 0 && !kw_diag_any(&diag))
        kw_diag_say(&diag, "%s: %s", how.dir, kw_strerror(err));
    kw_print_diag(&diag);
    kw_diag_fini(&diag);
    return err;
}

static void close_store(struct store *store)
{
    kw_revisions_free(store->revisions);
    if (store->db != NULL)
        kw_db_free(store->db);
}

/* The text of a revision, 0 the current one; from the gateway or the store. */
static int revision_text(const struct kw_options *options, struct store *store,
                         uint64_t number, struct kw_buf *out)
{
    char request[128], *body;
    int status, err;

    if (store->db == NULL) {
        snprintf(request, sizeof(request),
                 "{\"method\":\"GET\",\"path\":\"/config/revisions/%" PRIu64
                 "\"}",
                 number);
        status = kw_cli_ask(options, request, &body);
        if (status == 200)
            kw_buf_put_text(out, body);
        kw_free(body);
        return status == 200 ? 0 : KW_ENOTFOUND;
    }
    err = kw_revisions_text(store->revisions, number, out);
    return err;
}

static void print_line(uint64_t number, int64_t time_ms, const char *author,
                       const char *reason)
{
    char when[KW_TIME_TEXT_SIZE];

    kw_time_format(time_ms, when);
    printf("%6" PRIu64 "  %s  %-16s %s\n", number, when, author, reason);
}

/* The list as the gateway gives it. */
static uint64_t print_remote(const char *body, bool print)
{
    struct kw_arena arena;
    struct kw_node *root = NULL;
    const struct kw_node *list;
    struct kw_diag diag;
    uint64_t current = 0, number;
    int64_t time_ms;

    kw_arena_init(&arena, 8 << 20);
    kw_diag_init(&diag);
    if (kw_conf_parse_json(body, strlen(body), &arena, &root, &diag) == 0) {
        (void)!kw_text_parse_u64(kw_node_text(root, "current"), &current);
        list = kw_node_get(root, "revisions");
        for (const struct kw_node *at = list != NULL ? list->first : NULL;
             at != NULL && print; at = at->next) {
            if (kw_text_parse_u64(kw_node_text(at, "number"), &number) == 0 &&
                kw_text_parse_i64(kw_node_text(at, "time"), &time_ms) == 0)
                print_line(number, time_ms, kw_node_text(at, "author"),
                           kw_node_text(at, "reason"));
        }
    }
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return current;
}

static uint64_t print_local(const struct kw_revisions *revisions)
{
    for (size_t i = 0; i < kw_revisions_count(revisions); i++) {
        const struct kw_revision *at = kw_revisions_at(revisions, i);

        print_line(at->number, at->time_ms, at->author, at->reason);
    }
    return kw_revisions_current(revisions);
}

/* Connects to whichever is there; *current is the newest revision. */
static int begin(const struct kw_options *options, struct store *store,
                 bool print, uint64_t *current)
{
    char *body;
    int status = kw_cli_ask(
        options, "{\"method\":\"GET\",\"path\":\"/config/revisions\"}", &body);
    int err = 0;

    *store = (struct store){0};
    if (status == 200) {
        *current = print_remote(body, print);
    } else if (status == 0) {
        err = open_store(store, options);
        if (err == 0)
            *current = print ? print_local(store->revisions)
                             : kw_revisions_current(store->revisions);
    } else {
        err = KW_EIO;
    }
    kw_free(body);
    return err;
}

static int export_config(const struct kw_options *options, struct store *store,
                         uint64_t current)
{
    struct kw_buf out;
    int err;

    kw_buf_init(&out, KW_CONF_BYTES);
    err = revision_text(options, store, current, &out);
    if (err == 0)
        printf("%s", kw_buf_text(&out));
    else
        fprintf(stderr, "there is no configuration yet\n");
    kw_buf_fini(&out);
    return err == 0 ? KW_EXIT_DONE : KW_EXIT_NO;
}

static int diff(const struct kw_options *options, struct store *store,
                uint64_t from, uint64_t to)
{
    struct kw_buf a, b, out;
    int err;

    kw_buf_init(&a, KW_CONF_BYTES);
    kw_buf_init(&b, KW_CONF_BYTES);
    kw_buf_init(&out, 4 * KW_CONF_BYTES);
    err = revision_text(options, store, from, &a);
    if (err == 0)
        err = revision_text(options, store, to, &b);
    if (err == 0) {
        kw_text_diff(kw_buf_text(&a), kw_buf_text(&b), &out);
        printf("%s", kw_buf_text(&out));
    } else {
        fprintf(stderr, "there is no such revision; `kilowatch config "
                        "history` lists them\n");
    }
    kw_buf_fini(&a);
    kw_buf_fini(&b);
    kw_buf_fini(&out);
    return err == 0 ? KW_EXIT_DONE : KW_EXIT_NO;
}

static int rollback_local(struct store *store, uint64_t number)
{
    struct kw_arena arena;
    struct kw_node *root = NULL;
    struct kw_diag diag;
    struct kw_buf text;
    char reason[64];
    const struct kw_revision_note note = {
        .author = "local",
        .reason = reason,
        .time_ms = kw_clock_wall_ms(&kw_clock_system),
    };
    int err;

    kw_arena_init(&arena, KW_CONF_ARENA_BYTES);
    kw_diag_init(&diag);
    kw_buf_init(&text, KW_CONF_BYTES);
    err = kw_revisions_text(store->revisions, number, &text);
    if (err == 0)
        err = kw_conf_parse_yaml((const char *)text.data, text.length, &arena,
                                 &root, &diag);
    snprintf(reason, sizeof(reason), "back to revision %" PRIu64, number);
    if (err == 0)
        err = kw_revisions_store(store->revisions, root, &note, NULL, NULL);
    kw_buf_fini(&text);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    if (err != 0)
        fprintf(stderr, "revision %" PRIu64 ": %s\n", number, kw_strerror(err));
    return err == 0 ? KW_EXIT_DONE : KW_EXIT_NO;
}

static int rollback(const struct kw_options *options, struct store *store,
                    uint64_t number)
{
    char request[128], *body;
    int status;

    if (store->db != NULL)
        return rollback_local(store, number);
    snprintf(request, sizeof(request),
             "{\"method\":\"POST\",\"path\":\"/config/revisions/%" PRIu64
             "/restore\"}",
             number);
    status = kw_cli_ask(options, request, &body);
    if (status != 200 && body != NULL)
        kw_print_problem(body);
    kw_free(body);
    return status == 200 ? KW_EXIT_DONE : KW_EXIT_NO;
}

/* The words behind `config` and how many numbers each takes. */
static int run_word(const struct kw_options *options, struct store *store,
                    uint64_t current, int argc, char **argv)
{
    uint64_t number[2] = {current > 0 ? current - 1 : 0, current};

    for (int i = 1; i < argc; i++) {
        if (i > 2 || kw_text_parse_u64(argv[i], &number[i - 1]) != 0)
            return KW_EXIT_USAGE;
    }
    if (strcmp(argv[0], "export") == 0 && argc == 1)
        return export_config(options, store, current);
    if (strcmp(argv[0], "history") == 0 && argc == 1)
        return KW_EXIT_DONE;
    if (strcmp(argv[0], "diff") == 0)
        return diff(options, store, number[0], number[1]);
    if (strcmp(argv[0], "rollback") == 0 && argc == 2)
        return rollback(options, store, number[0]);
    return KW_EXIT_USAGE;
}

int kw_cli_config(const struct kw_options *options, int argc, char **argv)
{
    struct store store;
    uint64_t current = 0;
    int err, code;

    if (argc < 1)
        return KW_EXIT_USAGE;
    err = begin(options, &store, strcmp(argv[0], "history") == 0, &current);
    code = err == 0 ? run_word(options, &store, current, argc, argv)
                    : KW_EXIT_FAILED;
    close_store(&store);
    return code;
}

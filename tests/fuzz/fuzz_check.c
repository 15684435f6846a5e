/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole configuration, as `kilowatch check` reads it. The first byte
 * chooses: even, the bytes are the file; odd, they are choices by which one is
 * made from the settings of all modules, so that most of it is as the rows
 * want it and their checks are reached. Behind the first NUL there may be a
 * register map, which meters find by the name "own".
 */
#include "base/buf.h"
#include "core/conf.h"
#include "core/core.h"
#include "core/core_module.h"
#include "core/quantity.h"
#include "core/registry.h"
#include "lib/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_BYTES = 256 << 10, ITEMS = 4, ARENA_BYTES = 32 << 20 };

enum { CHOICES = 4, KINDS = KW_KIND_PAIRS + 1 };

#define NAMES                                                                  \
    {                                                                          \
        "a", "b", "eastron_sdm630", "own"                                      \
    }

/* Texts for the kinds whose checks look at one another's. */
static const char *const texts[KINDS][CHOICES] = {
    [KW_KIND_BOOL] = {"true", "false", "true", "false"},
    [KW_KIND_NAME] = NAMES,
    [KW_KIND_REF] = NAMES,
    [KW_KIND_PATH] = NAMES,
    [KW_KIND_ADDRESS] = {"127.0.0.1:0", "\"[::]:502\"", "host:1",
                         "192.0.2.1:65536"},
};

/* What stands behind a number. */
static const char *const units[KINDS] = {
    [KW_KIND_INT] = "",
    [KW_KIND_REAL] = "",
    [KW_KIND_DURATION] = "ms",
    [KW_KIND_BYTES] = "B",
};

/* What there is to choose from, and the file as it grows. */
struct maker {
    const uint8_t *data;
    size_t left;
    struct kw_buf text;
};

static void must(bool right)
{
    if (!right)
        abort();
}

/* 0 at the end, which is the choice that adds nothing. */
static uint8_t take(struct maker *maker)
{
    if (maker->left == 0)
        return 0;
    maker->left--;
    return *maker->data++;
}

static void put_raw(struct maker *maker)
{
    size_t length = take(maker) % 24;

    kw_buf_put_text(&maker->text, "\"");
    for (; length > 0; length--)
        kw_buf_printf(&maker->text, "\\x%02x", take(maker));
    kw_buf_put_text(&maker->text, "\"");
}

/* A number at a bound of the row, beside it, or small. */
static void put_number(struct maker *maker, const struct kw_setting *row,
                       const char *unit)
{
    const double choices[] = {take(maker),  row->min,     row->max,
                              row->min - 1, row->max + 1, -1e300};
    size_t choice = take(maker);

    kw_buf_printf(&maker->text, "%.17g%s",
                  choices[choice % (sizeof(choices) / sizeof(choices[0]))],
                  choice < 250 ? unit : "s1s");
}

static void put_scalar(struct maker *maker, const struct kw_setting *row)
{
    size_t words = 0;

    if (units[row->kind] != NULL) {
        put_number(maker, row, units[row->kind]);
    } else if (texts[row->kind][0] != NULL) {
        kw_buf_put_text(&maker->text, texts[row->kind][take(maker) % CHOICES]);
    } else if (row->kind == KW_KIND_KEYWORD) {
        while (row->words[words] != NULL)
            words++;
        kw_buf_put_text(&maker->text, row->words[take(maker) % words]);
    } else {
        put_raw(maker);
    }
}

static void put_object(struct maker *maker, const struct kw_setting *rows);

static void put_list(struct maker *maker, const struct kw_setting *row)
{
    static const struct kw_setting name = {.kind = KW_KIND_NAME};

    kw_buf_put_text(&maker->text, "[");
    for (unsigned left = take(maker) % ITEMS; left > 0; left--) {
        if (row->kind == KW_KIND_LIST)
            put_object(maker, row->rows);
        else
            put_scalar(maker, take(maker) & 1 ? row : &name);
        kw_buf_put_text(&maker->text, ",");
    }
    kw_buf_put_text(&maker->text, "]");
}

static void put_value(struct maker *maker, const struct kw_setting *row)
{
    if (row->kind == KW_KIND_OBJECT) {
        put_object(maker, row->rows);
    } else if (row->kind == KW_KIND_LIST || row->kind == KW_KIND_TEXTS) {
        put_list(maker, row);
    } else if (row->kind == KW_KIND_PAIRS) {
        kw_buf_put_text(&maker->text, "{a: ");
        put_raw(maker);
        kw_buf_put_text(&maker->text, "}");
    } else {
        put_scalar(maker, row);
    }
}

/* The members of an object or, without braces, of the file. Each has a
 * choice: left out, as its row wants it, or some text. */
static void put_rows(struct maker *maker, const struct kw_setting *rows,
                     const char *end)
{
    for (; rows->kind != KW_KIND_END; rows++) {
        uint8_t choice = rows->key != NULL ? take(maker) : 0;

        if (rows->key == NULL ||
            (choice % 4 == 0 && (rows->flags & KW_REQUIRED) == 0))
            continue;
        kw_buf_printf(&maker->text, "%s: ", rows->key);
        if (choice >= 248)
            put_raw(maker);
        else
            put_value(maker, rows);
        kw_buf_put_text(&maker->text, end);
    }
}

static void put_object(struct maker *maker, const struct kw_setting *rows)
{
    kw_buf_put_text(&maker->text, "{");
    put_rows(maker, rows, ", ");
    kw_buf_put_text(&maker->text, "}");
}

/* --- the parts of a program that check needs, made once */

static struct {
    char dir[64], map[128];
    struct kw_env env;
    struct kw_quantities *quantities;
    struct kw_registry *registry;
} shared;

static void remove_shared(void)
{
    kw_registry_free(shared.registry);
    kw_quantities_free(shared.quantities);
    kw_test_remove(shared.dir);
}

static void make_shared(void)
{
    struct kw_diag diag;

    if (shared.registry != NULL)
        return;
    kw_diag_init(&diag);
    kw_test_make_dir(shared.dir, sizeof(shared.dir));
    snprintf(shared.map, sizeof(shared.map), "%s/meters", shared.dir);
    must(mkdir(shared.map, 0700) == 0);
    snprintf(shared.map, sizeof(shared.map), "%s/meters/own.csv", shared.dir);
    must(kw_quantities_load(&shared.quantities, KW_TEST_CONF "/quantities.csv",
                            &diag) == 0);
    must(kw_registry_new(&shared.registry, kw_modules) == 0);
    shared.env = (struct kw_env){
        .state_dir = shared.dir,
        .share_dir = KW_TEST_CONF,
        .web_dir = shared.dir,
        .quantities = shared.quantities,
    };
    kw_diag_fini(&diag);
    (void)atexit(remove_shared);
}

static void write_map(const void *bytes, size_t length)
{
    int fd = open(shared.map, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    must(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
    close(fd);
}

static void check(const char *text, size_t length)
{
    struct kw_conf_set *set = NULL;
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    int err;

    kw_arena_init(&arena, ARENA_BYTES);
    kw_diag_init(&diag);
    err = kw_conf_parse_yaml(text, length, &arena, &root, &diag);
    if (err == 0)
        err =
            kw_registry_check(shared.registry, root, &shared.env, &set, &diag);
    must(err == 0 || err == KW_EINVAL);
    must((err == 0) == (set != NULL));
    must(err == 0 || kw_diag_any(&diag));
    if (set != NULL)
        kw_conf_set_drop(set);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct maker maker;
    const uint8_t *end;

    if (size == 0)
        return 0;
    make_shared();
    end = memchr(data + 1, 0, size - 1);
    maker = (struct maker){
        data + 1, end != NULL ? (size_t)(end - data) - 1 : size - 1, {0}};
    if (end != NULL)
        write_map(end + 1, size - (size_t)(end - data) - 1);
    else
        (void)unlink(shared.map);
    if (data[0] % 2 == 0) {
        check((const char *)maker.data, maker.left);
        return 0;
    }
    kw_buf_init(&maker.text, TEXT_BYTES);
    for (size_t i = 0; kw_registry_module(shared.registry, i) != NULL; i++) {
        const struct kw_setting *rows =
            kw_registry_module(shared.registry, i)->settings;

        if (rows != NULL)
            put_rows(&maker, rows, "\n");
    }
    if (kw_buf_err(&maker.text) == 0)
        check(kw_buf_text(&maker.text), maker.text.length);
    kw_buf_fini(&maker.text);
    return 0;
}

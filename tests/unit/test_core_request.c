/* SPDX-License-Identifier: Apache-2.0 */
#include "core/request.h"

#include "core/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct values {
    int64_t count;
    const char *text, *points;
    bool flag;
    int64_t step_ms;
};

static const struct kw_setting rows[] = {
    {.key = "count",
     .kind = KW_KIND_INT,
     .offset = offsetof(struct values, count),
     .preset = "7",
     .min = 1,
     .max = 100,
     .help = "A number."},
    {.key = "text",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct values, text),
     .help = "A text."},
    {.key = "points",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct values, points),
     .min = 1,
     .max = 20,
     .help = "A text with limits."},
    {.key = "flag",
     .kind = KW_KIND_BOOL,
     .offset = offsetof(struct values, flag),
     .help = "A truth."},
    {.key = "step",
     .kind = KW_KIND_DURATION,
     .offset = offsetof(struct values, step_ms),
     .help = "A time."},
    {0},
};

static const struct kw_setting strict_rows[] = {
    {.key = "name",
     .kind = KW_KIND_NAME,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct values, text),
     .help = "A name."},
    {0},
};

static const struct kw_route plain = {.path = "/plain"};
static const struct kw_route asks = {
    .path = "/asks", .query = rows, .query_size = sizeof(struct values)};
static const struct kw_route strict = {.path = "/strict",
                                       .query = strict_rows,
                                       .query_size = sizeof(struct values)};
static const struct kw_route takes = {
    .path = "/takes", .body = rows, .body_size = sizeof(struct values)};
static const struct kw_route raw = {.path = "/raw", .flags = KW_ROUTE_RAW_BODY};

struct stage {
    struct kw_arena arena;
    struct kw_request request;
    struct kw_diag diag;
    char first[KW_DIAG_TEXT_SIZE + KW_DIAG_PATH_SIZE];
};

static void open_stage(struct stage *stage, const struct kw_route *route)
{
    *stage = (struct stage){.request = {.route = route}};
    kw_arena_init(&stage->arena, 1 << 20);
    kw_diag_init(&stage->diag);
    stage->request.arena = &stage->arena;
}

static void close_stage(struct stage *stage)
{
    kw_arena_fini(&stage->arena);
    kw_diag_fini(&stage->diag);
}

/* out NULL: refused. */
static const struct {
    const char *text;
    bool plus;
    const char *out;
} encodings[] = {
    {"", false, ""},
    {"abc", false, "abc"},
    {"a%20b", false, "a b"},
    {"a+b", false, "a+b"},
    {"a+b", true, "a b"},
    {"a%2Bb", true, "a+b"},
    {"%41%42", false, "AB"},
    {"%c3%A9", false, "\xc3\xa9"},
    {"\xc3\xa9", false, "\xc3\xa9"},
    {"%25%32%30", false, "%20"}, /* decoded once and no more */
    {"%2F%2e%2e", false, "/.."},
    {"%", false, NULL},
    {"%4", false, NULL},
    {"a%4", false, NULL},
    {"%zz", false, NULL},
    {"%4z", false, NULL},
    {"%z4", false, NULL},
    {"% 4", false, NULL},
    {"%00", false, NULL},
    {"%0a", false, NULL},
    {"%7f", false, NULL},
    {"%c3", false, NULL},       /* half a character */
    {"%c0%80", false, NULL},    /* too long a form of NUL */
    {"%ed%a0%80", false, NULL}, /* a surrogate */
    {"%C2%85", false, NULL},    /* a C1 control */
    {"\x01", false, NULL},
};

static void test_decode(void **state)
{
    struct kw_arena arena;

    (void)state;
    kw_arena_init(&arena, 65536);
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        const char *out =
            kw_request_decode(&arena, encodings[i].text,
                              strlen(encodings[i].text), encodings[i].plus);

        if (encodings[i].out == NULL)
            assert_null(out);
        else
            assert_string_equal(out, encodings[i].out);
    }
    /* Only the length counts: NUL inside, digits behind the end. */
    assert_null(kw_request_decode(&arena, "a\0b", 3, false));
    assert_null(kw_request_decode(&arena, "%\0001", 3, false));
    assert_null(kw_request_decode(&arena, "a%41", 3, false));
    assert_string_equal(kw_request_decode(&arena, "ab%41", 2, false), "ab");
    kw_arena_fini(&arena);
}

static void test_decode_no_room(void **state)
{
    struct kw_arena arena;

    (void)state;
    kw_arena_init(&arena, 4);
    assert_null(kw_request_decode(&arena, "0123456789", 10, false));
    kw_arena_fini(&arena);
}

/* finding NULL: taken; else part of the first finding. */
static const struct {
    const struct kw_route *route;
    const char *query, *finding;
} queries[] = {
    {&plain, NULL, NULL},
    {&plain, "", NULL},
    {&plain, "a=1", "takes no query"},
    {&asks, NULL, NULL},
    {&asks, "", NULL},
    {&asks, "count=3", NULL},
    {&asks, "count=3&text=a+b%26c&flag=true", NULL},
    {&asks, "points=12", NULL}, /* digits are a text too */
    {&asks, "text=", NULL},
    {&asks, "text", NULL},
    {&asks, "text=a=b", NULL},
    {&asks, "count=3&", NULL},
    {&asks, "%63ount=3", NULL},
    {&asks, "count=0", "count"},
    {&asks, "count=101", "count"},
    {&asks, "count=three", "count"},
    {&asks, "count=", "count"},
    {&asks, "flag=yes", "flag"},
    {&asks, "flag", "flag"},
    {&asks, "points=", "points"},
    {&asks, "points=123456789012345678901", "points"},
    {&asks, "step=10s", NULL},
    {&asks, "step=10", "step"},
    {&asks, "count=3&count=3", "count: given twice"},
    {&asks, "count=3&%63ount=4", "count: given twice"},
    {&asks, "cuont=3", "did you mean \"count\"?"},
    {&asks, "zzz=3", "expected one of count, text"},
    {&asks, "&count=3", "unknown key"},
    {&asks, "=3", "unknown key"},
    {&asks, "count=%", "not well encoded"},
    {&asks, "co%zzunt=3", "not well encoded"},
    {&asks, "text=%0d%0a", "not well encoded"},
    {&strict, NULL, "\"name\" is missing"},
    {&strict, "name=a b", "name"},
    {&strict, "name=a+b", "name"},
    {&strict, "name=ab", NULL},
};

static void test_query(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct stage stage;
        int err;

        open_stage(&stage, queries[i].route);
        err = kw_request_read_query(&stage.request, queries[i].query,
                                    &stage.diag);
        (void)kw_diag_first(&stage.diag, stage.first, sizeof(stage.first));
        if (queries[i].finding == NULL) {
            assert_string_equal(stage.first, "");
            assert_int_equal(err, 0);
        } else {
            if (strstr(stage.first, queries[i].finding) == NULL)
                print_error("%s: %s\n", queries[i].query, stage.first);
            assert_int_equal(err, KW_EINVAL);
            assert_non_null(strstr(stage.first, queries[i].finding));
            assert_int_equal(stage.diag.count, 1); /* told once */
        }
        close_stage(&stage);
    }
}

static void test_query_values(void **state)
{
    const struct values *values;
    struct stage stage;

    (void)state;
    open_stage(&stage, &asks);
    assert_int_equal(kw_request_read_query(&stage.request, NULL, &stage.diag),
                     0);
    values = stage.request.query;
    assert_int_equal(values->count, 7);
    assert_null(values->text);
    assert_false(values->flag);
    assert_int_equal(
        kw_request_read_query(&stage.request,
                              "text=a+b%26c%3D%C3%A9&count=12&flag=true&"
                              "step=1min30s",
                              &stage.diag),
        0);
    values = stage.request.query;
    assert_int_equal(values->count, 12);
    assert_string_equal(values->text, "a b&c=\xc3\xa9");
    assert_true(values->flag);
    assert_int_equal(values->step_ms, 90000);
    close_stage(&stage);

    open_stage(&stage, &plain);
    assert_int_equal(kw_request_read_query(&stage.request, "", &stage.diag), 0);
    assert_null(stage.request.query);
    close_stage(&stage);
}

static void test_many_keys(void **state)
{
    struct stage stage;
    struct kw_buf query;

    (void)state;
    kw_buf_init(&query, 1 << 20);
    for (int i = 0; i <= KW_CONF_KEYS; i++)
        kw_buf_printf(&query, "k%d=%d&", i, i);
    open_stage(&stage, &asks);
    assert_int_equal(
        kw_request_read_query(&stage.request, kw_buf_text(&query), &stage.diag),
        KW_EINVAL);
    assert_string_equal(
        kw_diag_first(&stage.diag, stage.first, sizeof(stage.first)),
        "the query has too many keys");
    close_stage(&stage);
    kw_buf_fini(&query);
}

/* body NULL: none comes. */
static const struct {
    const struct kw_route *route;
    const char *body, *finding;
} bodies[] = {
    {&plain, NULL, NULL},
    {&plain, "{}", "takes no body"},
    {&plain, "null", "takes no body"},
    {&takes, NULL, "must be a JSON object"},
    {&takes, "null", "must be a JSON object"},
    {&takes, "[]", "must be a JSON object"},
    {&takes, "5", "must be a JSON object"},
    {&takes, "{}", NULL},
    {&takes, "{\"count\":5,\"text\":\"x\"}", NULL},
    {&takes, "{\"count\":\"5\"}", "count"},
    {&takes, "{\"cuont\":5}", "did you mean \"count\"?"},
    {&takes, "{\"text\":null}", "text"},
    {&raw, NULL, "the body is missing"},
    {&raw, "{\"any\":[1,2]}", NULL},
    {&raw, "null", NULL},
};

static void test_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct kw_node *node = NULL;
        struct stage stage;
        int err;

        open_stage(&stage, bodies[i].route);
        if (bodies[i].body != NULL)
            assert_int_equal(
                kw_conf_parse_json(bodies[i].body, strlen(bodies[i].body),
                                   &stage.arena, &node, &stage.diag),
                0);
        err = kw_request_read_body(&stage.request, node, &stage.diag);
        (void)kw_diag_first(&stage.diag, stage.first, sizeof(stage.first));
        if (bodies[i].finding == NULL) {
            assert_string_equal(stage.first, "");
            assert_int_equal(err, 0);
            assert_ptr_equal(stage.request.body_node,
                             bodies[i].route == &raw ? node : NULL);
            assert_int_equal(stage.request.body != NULL,
                             bodies[i].route == &takes);
        } else {
            assert_int_equal(err, KW_EINVAL);
            assert_non_null(strstr(stage.first, bodies[i].finding));
            assert_int_equal(stage.diag.count, 1);
        }
        close_stage(&stage);
    }
}

/* Every allocation fails once: the error is told as such, never as a finding
 * of the client's. */
static void test_no_memory(void **state)
{
    int err = KW_ENOMEM;

    (void)state;
    for (size_t ceiling = 0; err != 0; ceiling += 16) {
        struct stage stage;

        open_stage(&stage, &asks);
        kw_arena_init(&stage.arena, ceiling);
        err = kw_request_read_query(&stage.request, "count=3&text=a+b",
                                    &stage.diag);
        if (err != 0) {
            assert_int_equal(err, KW_ENOMEM);
            assert_false(kw_diag_any(&stage.diag));
        }
        close_stage(&stage);
        assert_true(ceiling < 65536);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),    cmocka_unit_test(test_decode_no_room),
        cmocka_unit_test(test_query),     cmocka_unit_test(test_query_values),
        cmocka_unit_test(test_many_keys), cmocka_unit_test(test_body),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

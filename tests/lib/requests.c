/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/requests.h"

#include "base/secret.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LINE_BYTES = 4096, REQUEST_BYTES = 1 << 18 };

/* One character, escaped or not; returns how far it goes in the text. */
static size_t put_character(struct kw_buf *out, const char *at)
{
    static const char plain[] = "rnt\\0", means[] = "\r\n\t\\";
    char digits[3] = {0};
    unsigned char byte = 0;
    const char *found;

    if (at[0] != '\\') {
        kw_buf_put(out, at, 1);
        return 1;
    }
    if (at[1] == 'x') {
        memcpy(digits, at + 2, 2);
        assert_int_equal(kw_secret_unhex(digits, &byte, 1), 0);
        kw_buf_put_byte(out, byte);
        return 4;
    }
    found = strchr(plain, at[1]);
    assert_true(found != NULL && at[1] != 0);
    kw_buf_put_byte(out, (unsigned char)means[found - plain]);
    return 2;
}

/* "{TEXT*COUNT}"; returns how far it goes. */
static size_t put_repeated(struct kw_buf *out, const char *at)
{
    const char *star = strchr(at, '*'), *end = strchr(at, '}');
    char number[16];
    uint64_t count = 0;

    assert_true(star != NULL && end != NULL && star < end);
    snprintf(number, sizeof(number), "%.*s", (int)(end - star - 1), star + 1);
    assert_int_equal(kw_text_parse_u64(number, &count), 0);
    while (count-- > 0) {
        const char *text = at + 1;

        while (text < star)
            text += put_character(out, text);
    }
    return (size_t)(end - at) + 1;
}

static void read_bytes(struct kw_buf *out, const char *text)
{
    while (*text != 0)
        text +=
            *text == '{' ? put_repeated(out, text) : put_character(out, text);
    assert_int_equal(kw_buf_err(out), 0);
}

/* Cuts the next word off the line. */
static char *cut(char **line)
{
    char *word = *line, *end = strchr(word, ' ');

    assert_non_null(end);
    *end = 0;
    *line = end + 1;
    return word;
}

static void read_line(char *line, struct kw_raw_request *request)
{
    char *server;

    assert_int_equal(kw_text_parse_u64(cut(&line), &request->parser), 0);
    server = cut(&line);
    request->ends = kw_text_ends(server, "!");
    server[strcspn(server, "!")] = 0;
    assert_int_equal(kw_text_parse_u64(server, &request->server), 0);
    (void)kw_text_copy(request->name, sizeof(request->name), cut(&line));
    read_bytes(&request->bytes, line);
}

size_t kw_requests_each(void (*each)(void *arg,
                                     const struct kw_raw_request *request),
                        void *arg)
{
    FILE *file = fopen(KW_TEST_DATA "/http/requests.txt", "r");
    char line[LINE_BYTES];
    size_t count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        struct kw_raw_request request = {.parser = 0};

        line[strcspn(line, "\n")] = 0;
        if (line[0] == 0 || line[0] == '#')
            continue;
        kw_buf_init(&request.bytes, REQUEST_BYTES);
        read_line(line, &request);
        each(arg, &request);
        kw_buf_fini(&request.bytes);
        count++;
    }
    (void)fclose(file);
    return count;
}

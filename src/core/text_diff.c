/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differences by the longest common subsequence of lines: what is equal at
 * both ends is cut off, the rest is a table of lengths of which only two rows
 * and one bit a cell are kept, so 2,000 lines a side take 500 KB.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "core/revision.h"

#include <string.h>

enum { LINES_MAX = 2000, CONTEXT = 3 };

struct line {
    const char *text;
    size_t length;
};

/* A line of the result: ' ', '-' or '+'. */
struct step {
    char sign;
    const struct line *line;
};

struct diff {
    struct line *from, *to;
    size_t from_count, to_count;
    struct step *steps; /* all lines of both in order of the result */
    size_t count;
};

static struct line *split(const char *text, size_t *count)
{
    size_t lines = 1, used = 0;
    struct line *list;

    for (const char *at = text; *at != 0; at++)
        lines += *at == '\n';
    list = kw_alloc_array(lines, sizeof(*list));
    while (list != NULL && *text != 0) {
        size_t length = strcspn(text, "\n");

        list[used++] = (struct line){text, length};
        text += length;
        text += *text == '\n';
    }
    *count = used;
    return list;
}

static bool same(const struct line *a, const struct line *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static void add(struct diff *diff, char sign, const struct line *line)
{
    diff->steps[diff->count++] = (struct step){sign, line};
}

/*
 * Fills bits: set in cell (i, j) when the common rest of from[i..] and to[j..]
 * is longer without from[i] than without to[j]. rows has room for two rows.
 */
static void measure(const struct line *from, size_t n, const struct line *to,
                    size_t m, uint16_t *rows, unsigned char *bits)
{
    for (size_t i = n; i-- > 0;) {
        uint16_t *row = rows + (i % 2) * (m + 1);
        const uint16_t *below = rows + ((i + 1) % 2) * (m + 1);

        row[m] = 0;
        for (size_t j = m; j-- > 0;) {
            size_t cell = i * m + j;

            if (same(&from[i], &to[j])) {
                row[j] = (uint16_t)(below[j + 1] + 1);
                continue;
            }
            row[j] = below[j] >= row[j + 1] ? below[j] : row[j + 1];
            if (below[j] >= row[j + 1])
                bits[cell / 8] |= (unsigned char)(1U << cell % 8);
        }
    }
}

static void walk(struct diff *diff, const struct line *from, size_t n,
                 const struct line *to, size_t m, const unsigned char *bits)
{
    size_t i = 0, j = 0;

    while (i < n || j < m) {
        size_t cell = i * m + j;

        if (i < n && j < m && same(&from[i], &to[j])) {
            add(diff, ' ', &from[i++]);
            j++;
        } else if (i < n && (j == m || (bits[cell / 8] >> cell % 8 & 1) != 0)) {
            add(diff, '-', &from[i++]);
        } else {
            add(diff, '+', &to[j++]);
        }
    }
}

/* The part between the equal ends. */
static int compare(struct diff *diff, const struct line *from, size_t n,
                   const struct line *to, size_t m)
{
    uint16_t *rows;
    unsigned char *bits;

    if (n == 0 || m == 0 || n > LINES_MAX || m > LINES_MAX) {
        for (size_t i = 0; i < n; i++)
            add(diff, '-', &from[i]);
        for (size_t j = 0; j < m; j++)
            add(diff, '+', &to[j]);
        return 0;
    }
    rows = kw_alloc_array(2 * (m + 1), sizeof(*rows));
    bits = kw_alloc_array(n * m / 8 + 1, 1);
    if (rows != NULL && bits != NULL) {
        measure(from, n, to, m, rows, bits);
        walk(diff, from, n, to, m, bits);
    }
    kw_free(bits);
    kw_free(rows);
    return rows != NULL && bits != NULL ? 0 : KW_ENOMEM;
}

static int fill_steps(struct diff *diff)
{
    size_t n = diff->from_count, m = diff->to_count, head = 0, tail = 0;
    int err;

    while (head < n && head < m && same(&diff->from[head], &diff->to[head]))
        add(diff, ' ', &diff->from[head++]);
    while (tail < n - head && tail < m - head &&
           same(&diff->from[n - 1 - tail], &diff->to[m - 1 - tail]))
        tail++;
    err = compare(diff, diff->from + head, n - head - tail, diff->to + head,
                  m - head - tail);
    for (size_t i = n - tail; err == 0 && i < n; i++)
        add(diff, ' ', &diff->from[i]);
    return err;
}

/* The end of the hunk that starts at step first: context runs together. */
static size_t hunk_end(const struct diff *diff, size_t first)
{
    size_t last = first;

    for (size_t i = first; i < diff->count && i <= last + CONTEXT + CONTEXT + 1;
         i++) {
        if (diff->steps[i].sign != ' ')
            last = i;
    }
    last += CONTEXT + 1;
    return last < diff->count ? last : diff->count;
}

static size_t count_signs(const struct diff *diff, size_t first, size_t end,
                          char sign)
{
    size_t count = 0;

    for (size_t i = first; i < end; i++)
        count += diff->steps[i].sign == ' ' || diff->steps[i].sign == sign;
    return count;
}

static void put_hunk(const struct diff *diff, size_t first, size_t end,
                     struct kw_buf *out)
{
    size_t removed = count_signs(diff, first, end, '-');
    size_t added = count_signs(diff, first, end, '+');

    kw_buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n",
                  count_signs(diff, 0, first, '-') + (removed > 0), removed,
                  count_signs(diff, 0, first, '+') + (added > 0), added);
    for (size_t i = first; i < end; i++) {
        const struct step *step = &diff->steps[i];

        kw_buf_put_byte(out, (unsigned char)step->sign);
        kw_buf_put(out, step->line->text, step->line->length);
        kw_buf_put_byte(out, '\n');
    }
}

static void put_hunks(const struct diff *diff, struct kw_buf *out)
{
    size_t at = 0, end = 0;

    while (at < diff->count) {
        size_t first;

        if (diff->steps[at].sign == ' ') {
            at++;
            continue;
        }
        first = at - end > CONTEXT ? at - CONTEXT : end;
        end = hunk_end(diff, at);
        put_hunk(diff, first, end, out);
        at = end;
    }
}

void kw_text_diff(const char *from, const char *to, struct kw_buf *out)
{
    struct diff diff = {0};
    int err = KW_ENOMEM;

    diff.from = split(from, &diff.from_count);
    diff.to = split(to, &diff.to_count);
    diff.steps = kw_alloc_array(diff.from_count + diff.to_count + 1,
                                sizeof(*diff.steps));
    if (diff.from != NULL && diff.to != NULL && diff.steps != NULL)
        err = fill_steps(&diff);
    if (err == 0)
        put_hunks(&diff, out);
    else
        out->err = err;
    kw_free(diff.steps);
    kw_free(diff.to);
    kw_free(diff.from);
}

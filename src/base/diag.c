/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings are few and small, so each is a whole row: no pointers into texts
 * that may be gone when it is printed. What doesn't fit, or finds no memory, is
 * counted: a validation with a finding that could not be kept still fails.
 * Control characters are escaped as they come in, since findings go to logs,
 * terminals and pages alike and quote what strangers wrote.
 */
#include "base/diag.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct kw_mark nowhere = {0, 0};

void kw_diag_init(struct kw_diag *diag)
{
    *diag = (struct kw_diag){0};
}

void kw_diag_fini(struct kw_diag *diag)
{
    kw_free(diag->items);
    *diag = (struct kw_diag){0};
}

static struct kw_diag_item *next_item(struct kw_diag *diag, size_t max)
{
    struct kw_diag_item *items;

    if (diag->count >= max)
        return NULL;
    items = kw_realloc(diag->items, (diag->count + 1) * sizeof(*items));
    if (items == NULL)
        return NULL;
    diag->items = items;
    return memset(&items[diag->count++], 0, sizeof(*items));
}

KW_PRINTF(3, 0)
static struct kw_diag_item *add(struct kw_diag *diag, size_t max,
                                const char *format, va_list args)
{
    struct kw_diag_item *item = next_item(diag, max);
    char text[KW_DIAG_TEXT_SIZE];

    if (item == NULL) {
        diag->dropped++;
        return NULL;
    }
    if (diag->file != NULL)
        (void)kw_text_copy(item->file, sizeof(item->file), diag->file);
    vsnprintf(text, sizeof(text), format, args);
    (void)kw_log_escape(item->text, sizeof(item->text), text);
    return item;
}

KW_PRINTF(4, 0)
static int add_error(struct kw_diag *diag, struct kw_mark mark,
                     const char *path, const char *format, va_list args)
{
    struct kw_diag_item *item = add(diag, KW_DIAG_MAX, format, args);

    diag->errors++;
    if (item != NULL)
        item->mark = mark;
    if (item != NULL && path != NULL)
        (void)kw_log_escape(item->path, sizeof(item->path), path);
    return KW_EINVAL;
}

int kw_diag_add(struct kw_diag *diag, struct kw_mark mark, const char *path,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)add_error(diag, mark, path, format, args);
    va_end(args);
    return KW_EINVAL;
}

int kw_diag_at(struct kw_diag *diag, const char *path, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)add_error(diag, nowhere, path, format, args);
    va_end(args);
    return KW_EINVAL;
}

void kw_diag_warn(struct kw_diag *diag, const char *path, const char *format,
                  ...)
{
    struct kw_diag_item *item;
    va_list args;

    va_start(args, format);
    item = add(diag, KW_DIAG_MAX / 2, format, args);
    va_end(args);
    if (item == NULL)
        return;
    item->warning = true;
    (void)kw_log_escape(item->path, sizeof(item->path), path);
}

int kw_diag_say(struct kw_diag *diag, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)add_error(diag, nowhere, NULL, format, args);
    va_end(args);
    return KW_EINVAL;
}

bool kw_diag_any(const struct kw_diag *diag)
{
    return diag->errors > 0;
}

static bool comes_after(const struct kw_diag_item *a,
                        const struct kw_diag_item *b)
{
    int order = strcmp(a->file, b->file);

    if (order != 0)
        return order > 0;
    if (a->mark.line != b->mark.line)
        return a->mark.line > b->mark.line;
    return a->mark.column > b->mark.column;
}

/* By insertion: stable, needs no memory, and there are few. */
void kw_diag_sort(struct kw_diag *diag)
{
    for (size_t i = 1; i < diag->count; i++) {
        struct kw_diag_item item = diag->items[i];
        size_t at = i;

        for (; at > 0 && comes_after(&diag->items[at - 1], &item); at--)
            diag->items[at] = diag->items[at - 1];
        diag->items[at] = item;
    }
}

const char *kw_diag_format(const struct kw_diag_item *item, char *text,
                           size_t size)
{
    char place[KW_DIAG_PATH_SIZE + 32] = "";

    if (item->file[0] != 0 && item->mark.line > 0)
        snprintf(place, sizeof(place), "%s:%u:%u: ", item->file,
                 item->mark.line, item->mark.column);
    else if (item->file[0] != 0)
        snprintf(place, sizeof(place), "%s: ", item->file);
    snprintf(text, size, "%s%s%s%s%s", place, item->warning ? "warning: " : "",
             item->path, item->path[0] != 0 ? ": " : "", item->text);
    return text;
}

const char *kw_diag_first(const struct kw_diag *diag, char *text, size_t size)
{
    for (size_t i = 0; i < diag->count; i++) {
        if (!diag->items[i].warning)
            return kw_diag_format(&diag->items[i], text, size);
    }
    if (size > 0)
        text[0] = 0;
    return text;
}

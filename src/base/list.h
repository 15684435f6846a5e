/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A doubly linked list whose links sit inside the objects. The head is a link
 * that points at itself when the list is empty. Nothing is allocated.
 */
#ifndef KW_BASE_LIST_H
#define KW_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct kw_link {
    struct kw_link *next, *prev;
};

/* The object that holds the link: KW_LIST_ENTRY(link, struct x, member). */
#define KW_LIST_ENTRY(ptr, type, member)                                       \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Walks a list; the current link must not be removed in the body. */
#define KW_LIST_EACH(at, head)                                                 \
    for (struct kw_link *at = (head)->next; at != (head); at = at->next)

/* Walks a list; the current link may be removed in the body. */
#define KW_LIST_EACH_SAFE(at, after, head)                                     \
    for (struct kw_link *at = (head)->next, *after = at->next; at != (head);   \
         at = after, after = at->next)

/* Makes an empty head, or a link that is in no list. */
static inline void kw_list_init(struct kw_link *link)
{
    link->next = link->prev = link;
}

/* True for an empty head and for a link that is in no list. */
static inline bool kw_list_empty(const struct kw_link *link)
{
    return link->next == link;
}

/* Puts an unlinked link at the end of the list. */
static inline void kw_list_append(struct kw_link *head, struct kw_link *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* Takes a link out; harmless when it is in no list. */
static inline void kw_list_remove(struct kw_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    kw_list_init(link);
}

#endif

/*
 * Administrative events: what a request did, by the key `event` of its route
 * (service.h) and the parsed bodies of both sides, put into an activity:
 * targets, changes, details, project.
 *
 * Knows no exchange and no bytes; exchange_event.c calls it once before the
 * request goes on, without an answer, and once with one.
 */
#ifndef INSPECT_EVENT_H
#define INSPECT_EVENT_H

#include "inspect/activity.h"
#include "inspect/json.h"
#include "inspect/service.h"

/* Where facts are looked for; all borrowed. */
struct event_view {
    const struct route_match *match;
    struct str query;
    const struct actor *actor;
    const struct json_node *body;
    const struct json_node *answer; /* NULL: not there yet, or not JSON */
    bool is_answered;
    const struct json_node *each; /* the element at its turn, or NULL */
};

enum { EVENT_ELEMENTS_MAX = 256 }; /* activities of one exchange */

/* Whether it is one, by `when` and `unless`; before the answer, what only that
 * can tell counts as given. */
bool event_holds(
    const struct route_event *event, const struct event_view *view);
/* The elements of `each`; 0 of an event that has none, or whose list is
 * empty. */
size_t event_elements(const struct route_event *event,
    const struct event_view *view, const struct json_node **out, size_t most);
/* The activity has none of it yet. */
void event_fill(const struct route_event *event, const struct event_view *view,
    struct activity *a);
/* The first word that the facts lead to; empty: none. */
struct str event_word(
    const struct route_facts *facts, const struct event_view *view);
/* Of a write that nothing explains: method, path template, names of the
 * body's members. */
void event_fill_unclassified(const struct json_node *body, struct activity *a);

#endif

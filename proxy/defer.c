/*
 * An idle handle keeps the poll from blocking while something waits; a check
 * handle runs what waits, so that it comes after the sockets of the turn.
 */
#include "proxy/defer.h"

static void list_init(struct defer_node *head)
{
    head->prev = head;
    head->next = head;
}

static bool list_is_empty(const struct defer_node *head)
{
    return head->next == head;
}

static void list_append(struct defer_node *head, struct defer_node *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

static void list_move(struct defer_node *to, struct defer_node *from)
{
    list_init(to);
    if (list_is_empty(from))
        return;
    to->next = from->next;
    to->prev = from->prev;
    to->next->prev = to;
    to->prev->next = to;
    list_init(from);
}

/* In front of what waits there. */
static void list_move_back(struct defer_node *to, struct defer_node *from)
{
    if (list_is_empty(from))
        return;
    from->prev->next = to->next;
    to->next->prev = from->prev;
    from->next->prev = to;
    to->next = from->next;
    list_init(from);
}

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle; /* being active is all it is for */
}

bool defer_is_late_by(const struct defer_queue *queue, uint64_t ms)
{
    uint64_t began = uv_now(queue->check.loop);
    return now_ms() > began + ms;
}

bool defer_is_late(const struct defer_queue *queue)
{
    return defer_is_late_by(queue, DEFER_TURN_MS);
}

/* Only what waited before this turn, and for so long: a session that asks for
 * `later` again and again must leave room for the sockets, and so must many
 * that scan a piece each. */
static void on_check(uv_check_t *check)
{
    struct defer_queue *queue = check->data;
    struct defer_node batch;
    uint64_t began = now_ms();
    list_move(&batch, &queue->waiting);
    while (!list_is_empty(&batch) && now_ms() <= began + DEFER_TURN_MS) {
        struct deferred *first = (struct deferred *)batch.next;
        defer_cancel(first);
        first->run(first);
    }
    list_move_back(&queue->waiting, &batch);
    if (list_is_empty(&queue->waiting) && !queue->is_closing)
        uv_idle_stop(&queue->idle);
}

void defer_init(struct defer_queue *queue, uv_loop_t *loop)
{
    list_init(&queue->waiting);
    queue->is_closing = false;
    uv_idle_init(loop, &queue->idle);
    uv_check_init(loop, &queue->check);
    queue->check.data = queue;
    uv_check_start(&queue->check, on_check);
    uv_unref((uv_handle_t *)&queue->check);
}

void defer_close(struct defer_queue *queue)
{
    if (queue->is_closing)
        return;
    queue->is_closing = true;
    uv_close((uv_handle_t *)&queue->idle, NULL);
    uv_close((uv_handle_t *)&queue->check, NULL);
}

void defer_push(struct defer_queue *queue, struct deferred *what)
{
    if (what->node.next != NULL)
        return;
    list_append(&queue->waiting, &what->node);
    if (!queue->is_closing)
        uv_idle_start(&queue->idle, on_idle);
}

void defer_cancel(struct deferred *what)
{
    struct defer_node *node = &what->node;
    if (node->next == NULL)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = NULL;
    node->next = NULL;
}

#include "proxy/session_parts.h"

/*
 * What an exchange has to say to others: its records to the storer, what it
 * leaves behind to the keeper.  Called by the transaction and by the relay of a
 * WebSocket, whenever the exchange may have something new.
 */

#include "inspect/keep.h"

void txn_send_record(struct txn *t, struct record *record, bool waits)
{
    struct session *s = t->session;
    bool is_waited = waits && record->kind == RECORD_OPEN;
    t->records_pending += is_waited;
    s->world->ops->record(s->world, s, is_waited ? t->id : 0, record);
    buf_free(&record->json);
}

static void tell_keeper(struct txn *t, struct buf *note)
{
    struct session *s = t->session;
    if (note->n != 0)
        s->world->ops->keep(s->world, s, 0, buf_str(note));
    buf_clear(note);
}

/* What an exchange leaves behind at once travels at once. */
void txn_send_notes(struct txn *t)
{
    struct buf note = {0}, several = {0};
    while (exchange_next_note(t->exchange, &note) == OK) {
        if (!keep_join_note(&several, buf_str(&note))) {
            tell_keeper(t, &several);
            tell_keeper(t, &note);
        }
        buf_clear(&note);
    }
    tell_keeper(t, &several);
    buf_wipe_free(&note); /* bytes of a file, perhaps */
    buf_wipe_free(&several);
}

void txn_send_records(struct txn *t, bool waits)
{
    struct record record;
    while (exchange_next_record(t->exchange, &record) == OK)
        txn_send_record(t, &record, waits);
    txn_send_notes(t);
}

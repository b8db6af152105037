/*
 * Tells the service manager what state the parent is in: one datagram to the
 * socket that $NOTIFY_SOCKET names (sd_notify(3)'s protocol, without its
 * library).  Without such a manager nothing happens.
 */
#ifndef PROXY_NOTIFY_H
#define PROXY_NOTIFY_H

void notify_ready(void);
void notify_stopping(void);

#endif

/* SPDX-License-Identifier: MIT */
/* A DNS server on a link to a client's network namespace, with resolvers that the test plays and a
 * clock that it sets. */
#ifndef FLOE_TESTS_DNS_FIXTURE_H
#define FLOE_TESTS_DNS_FIXTURE_H

#include "../../runtime/base/wire.h"
#include "../../runtime/link/dns_server.h"

#define SECOND UINT64_C(1000000)
#define NOW    (1000 * SECOND)
#define ROOM   65536

extern struct dns_server server;
extern int link_of_server;
extern uint8_t data[ROOM]; /* what came last */

/* For cmocka's setup and teardown; they need root. In the working directory are etc, which is on
 * /etc, and names. */
int dns_enter(void **state);
int dns_leave(void **state);

/* What /etc/resolv.conf says from now on. */
void set_resolvers(const char *text);

/* At 10.1.2.1 and fd00:1:2:3::1, which the link has. */
void open_server(void);

/* Whether something was to be done; then it was. */
bool turn(uint64_t now);
void turns(uint64_t now);
uint64_t deadline(uint64_t now);

/* A socket of a resolver's: of the host's loopback. */
int resolver_of(int type, const char *address);
int resolver_at(const char *address); /* by UDP */

/* A client's. */
int client_of(int type);

/* A query of number ID for the address of NAME; its size. */
size_t make_query(uint8_t *query, uint16_t id, const char *name, uint16_t type);

/* Sends by UDP. */
void client_send(int client, const void *message, size_t size);
void ask(int client, uint16_t id, const char *name);

/* Takes the next message; its size, 0 for none. */
size_t receive(int fd, struct sockaddr_in *from);

/* The query that came last comes back as a response of SIZE bytes with RCODE. */
void respond(int resolver, const struct sockaddr_in *to, uint8_t rcode, size_t size);

/* Takes a query and responds to it; false when there is none. */
bool serve(int resolver, uint8_t rcode);

/* The rcode of what CLIENT was answered to query ID; -1: nothing yet. */
int answered(int client, uint16_t id);

#endif

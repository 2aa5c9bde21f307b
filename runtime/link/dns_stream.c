/* SPDX-License-Identifier: MIT */
/* A TCP connection of a DNS client. */
#include "dns_stream.h"

#include "../base/cleanup.h"
#include "../base/wire.h"
#include "dns_answer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define SECOND        UINT64_C(1000000)
#define CLIENT_USEC   (10 * SECOND) /* for sending a whole query, and for taking a piece */
#define CONNECT_USEC  (3 * SECOND)
#define RESPONSE_USEC (5 * SECOND)

#define LENGTH_SIZE   2 /* of what goes before each message, RFC 1035 section 4.2.2 */

/* Steps in a turn: a long response does not keep the others waiting. */
#define STEPS 16

/* What a step returns. */
enum progress {
	AGAIN = 1, /* there may be more to do at once */
	WAIT = 0,
	END = -1, /* close the stream */
};

static void enter(struct dns_stream *stream, enum dns_stream_state state, uint64_t due_usec)
{
	stream->state = state;
	stream->due_usec = due_usec;
	stream->done = 0;
}

static void close_resolver(struct dns_stream *stream)
{
	cleanup_fd(&stream->resolver);
	stream->resolver = -1;
}

void dns_stream_open(struct dns_stream *stream, int client, uint64_t now_usec)
{
	stream->client = client;
	stream->resolver = -1;
	stream->used = 0;
	enter(stream, DNS_STREAM_QUERY, now_usec + CLIENT_USEC);
}

void dns_stream_close(struct dns_stream *stream)
{
	if (stream->client < 0)
		return;
	close_resolver(stream);
	cleanup_fd(&stream->client);
	stream->client = -1;
}

bool dns_stream_is_idle(const struct dns_stream *stream)
{
	return stream->client < 0 || (stream->state == DNS_STREAM_QUERY && stream->used == 0);
}

void dns_stream_poll(const struct dns_stream *stream, struct pollfd *poll)
{
	static const short events[] = {
		[DNS_STREAM_QUERY] = POLLIN,   [DNS_STREAM_CONNECTING] = POLLOUT,
		[DNS_STREAM_ASKING] = POLLOUT, [DNS_STREAM_LENGTH] = POLLIN,
		[DNS_STREAM_WAITING] = POLLIN, [DNS_STREAM_ANSWERING] = POLLOUT,
	};
	bool from_client =
		stream->state == DNS_STREAM_QUERY || stream->state == DNS_STREAM_ANSWERING;

	*poll = (struct pollfd){.fd = -1};
	if (stream->client >= 0)
		*poll = (struct pollfd){.fd = from_client ? stream->client : stream->resolver,
					.events = events[stream->state]};
}

/* ---- bytes ---- */

/* Reads until *USED is WANTED: AGAIN when it is, END at the end of the connection. */
static enum progress read_to(int fd, uint8_t *data, size_t *used, size_t wanted)
{
	ssize_t n = recv(fd, data + *used, wanted - *used, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? WAIT : END;
	*used += (size_t)n;
	if (n == 0)
		return END;
	return *used == wanted ? AGAIN : WAIT;
}

/* Writes the rest of the buffer: AGAIN when all is written. */
static enum progress write_rest(struct dns_stream *stream, int fd)
{
	ssize_t n = send(fd, stream->data + stream->done, stream->used - stream->done,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? WAIT : END;
	stream->done += (size_t)n;
	return stream->done == stream->used ? AGAIN : WAIT;
}

/* ---- asking a resolver ---- */

static enum progress answer(struct dns_stream *stream, const uint8_t *data, size_t size,
			    uint64_t now_usec)
{
	wire_put16(stream->data, (uint16_t)size);
	memcpy(stream->data + LENGTH_SIZE, data, size);
	stream->used = LENGTH_SIZE + size;
	stream->left = 0;
	enter(stream, DNS_STREAM_ANSWERING, now_usec + CLIENT_USEC);
	return AGAIN;
}

/* The query is still in the buffer, and was read before without a fault. */
static enum progress answer_failure(struct dns_stream *stream, uint64_t now_usec)
{
	uint8_t data[DNS_ANSWER_MAX];
	struct dns_query query;
	ssize_t size;

	if (dns_parse(stream->data + LENGTH_SIZE, stream->used - LENGTH_SIZE, &query) != 0)
		return END;
	size = dns_build(&query, DNS_SERVFAIL, NULL, data, sizeof(data));
	return size < 0 ? END : answer(stream, data, (size_t)size, now_usec);
}

static enum progress connect_next(struct dns_stream *stream, struct resolvers *resolvers,
				  uint64_t now_usec)
{
	close_resolver(stream);
	stream->resolver = resolvers_connect(resolvers, &stream->choice, SOCK_STREAM, now_usec);
	if (stream->resolver < 0)
		return answer_failure(stream, now_usec);
	stream->length_used = 0;
	enter(stream, DNS_STREAM_CONNECTING, now_usec + CONNECT_USEC);
	return WAIT;
}

/* Nothing of a response has come yet. */
static enum progress give_up_resolver(struct dns_stream *stream, struct resolvers *resolvers,
				      uint64_t now_usec)
{
	resolvers_note(resolvers, &stream->choice, false, now_usec);
	return connect_next(stream, resolvers, now_usec);
}

/* ---- steps ---- */

static enum progress begin_query(struct dns_stream *stream, int names, struct resolvers *resolvers,
				 uint64_t now_usec)
{
	uint8_t data[DNS_ANSWER_MAX];
	struct dns_query query;
	ssize_t size = dns_answer(names, stream->data + LENGTH_SIZE, stream->used - LENGTH_SIZE,
				  true, &query, data);

	if (size < 0)
		return END;
	if (size > 0)
		return answer(stream, data, (size_t)size, now_usec);
	stream->choice = (struct resolver_choice){0};
	return connect_next(stream, resolvers, now_usec);
}

/* No byte more than the query: the next one waits where the kernel keeps it. */
static enum progress read_query(struct dns_stream *stream)
{
	enum progress progress;
	size_t size;

	if (stream->used < LENGTH_SIZE) {
		progress = read_to(stream->client, stream->data, &stream->used, LENGTH_SIZE);
		if (progress != AGAIN)
			return progress;
	}
	size = wire_get16(stream->data);
	if (size < DNS_HEADER_SIZE || size > DNS_STREAM_ROOM)
		return END;
	return read_to(stream->client, stream->data, &stream->used, LENGTH_SIZE + size);
}

static enum progress finish_connecting(struct dns_stream *stream, struct resolvers *resolvers,
				       uint64_t now_usec)
{
	struct pollfd poll_one = {.fd = stream->resolver, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int failed = 0;

	if (poll(&poll_one, 1, 0) <= 0)
		return WAIT;
	if (getsockopt(stream->resolver, SOL_SOCKET, SO_ERROR, &failed, &size) < 0 || failed)
		return give_up_resolver(stream, resolvers, now_usec);
	enter(stream, DNS_STREAM_ASKING, now_usec + RESPONSE_USEC);
	return AGAIN;
}

static enum progress ask(struct dns_stream *stream, struct resolvers *resolvers, uint64_t now_usec)
{
	enum progress progress = write_rest(stream, stream->resolver);

	if (progress == END)
		return give_up_resolver(stream, resolvers, now_usec);
	if (progress == AGAIN)
		enter(stream, DNS_STREAM_LENGTH, now_usec + RESPONSE_USEC);
	return progress;
}

/* From its end on the query is not needed any more. */
static enum progress read_length(struct dns_stream *stream, struct resolvers *resolvers,
				 uint64_t now_usec)
{
	enum progress progress =
		read_to(stream->resolver, stream->length, &stream->length_used, LENGTH_SIZE);

	if (progress == END)
		return give_up_resolver(stream, resolvers, now_usec);
	if (progress == AGAIN) {
		resolvers_note(resolvers, &stream->choice, true, now_usec);
		stream->left = wire_get16(stream->length);
		memcpy(stream->data, stream->length, LENGTH_SIZE);
		stream->used = LENGTH_SIZE;
		enter(stream, DNS_STREAM_ANSWERING, now_usec + CLIENT_USEC);
	}
	return progress;
}

static enum progress read_piece(struct dns_stream *stream, uint64_t now_usec)
{
	size_t wanted = stream->left < sizeof(stream->data) ? stream->left : sizeof(stream->data);

	stream->used = 0;
	if (read_to(stream->resolver, stream->data, &stream->used, wanted) == END)
		return END;
	if (stream->used == 0)
		return WAIT;
	stream->left -= stream->used;
	enter(stream, DNS_STREAM_ANSWERING, now_usec + CLIENT_USEC);
	return AGAIN;
}

static enum progress send_answer(struct dns_stream *stream, uint64_t now_usec)
{
	enum progress progress = write_rest(stream, stream->client);

	if (progress != AGAIN)
		return progress;
	stream->used = 0;
	if (stream->left > 0) {
		enter(stream, DNS_STREAM_WAITING, now_usec + RESPONSE_USEC);
		return AGAIN;
	}
	close_resolver(stream);
	enter(stream, DNS_STREAM_QUERY, now_usec + CLIENT_USEC);
	return AGAIN;
}

static enum progress time_out(struct dns_stream *stream, struct resolvers *resolvers,
			      uint64_t now_usec)
{
	switch (stream->state) {
	case DNS_STREAM_CONNECTING:
	case DNS_STREAM_ASKING:
	case DNS_STREAM_LENGTH:
		return give_up_resolver(stream, resolvers, now_usec);
	default:
		return END;
	}
}

static enum progress step(struct dns_stream *stream, int names, struct resolvers *resolvers,
			  uint64_t now_usec, unsigned int *queries)
{
	enum progress progress;

	switch (stream->state) {
	case DNS_STREAM_QUERY:
		progress = read_query(stream);
		if (progress != AGAIN)
			return progress;
		++*queries;
		return begin_query(stream, names, resolvers, now_usec);
	case DNS_STREAM_CONNECTING:
		return finish_connecting(stream, resolvers, now_usec);
	case DNS_STREAM_ASKING:
		return ask(stream, resolvers, now_usec);
	case DNS_STREAM_LENGTH:
		return read_length(stream, resolvers, now_usec);
	case DNS_STREAM_WAITING:
		return read_piece(stream, now_usec);
	default:
		return send_answer(stream, now_usec);
	}
}

unsigned int dns_stream_handle(struct dns_stream *stream, int names, struct resolvers *resolvers,
			       uint64_t now_usec)
{
	enum progress progress = AGAIN;
	unsigned int queries = 0;

	if (stream->client < 0)
		return 0;
	for (int i = 0; i < STEPS && progress == AGAIN; i++) {
		if (queries > 0 && stream->state == DNS_STREAM_QUERY)
			break;
		progress = step(stream, names, resolvers, now_usec, &queries);
	}
	if (progress == WAIT && stream->due_usec <= now_usec)
		progress = time_out(stream, resolvers, now_usec);
	if (progress == END)
		dns_stream_close(stream);
	return queries;
}

/* SPDX-License-Identifier: MIT */
/* The name servers of a resolv.conf(5) file. */
#include "resolv_conf.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

static const char keyword[] = "nameserver";

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes the next word of a line that ends at END, as the C libraries do: comments end it too. */
static size_t find_word(const char **text, const char *end)
{
	const char *word = *text;

	while (word < end && is_blank(*word))
		word++;
	*text = word;
	while (word < end && !is_blank(*word) && *word != '#' && *word != ';' && *word != '\r')
		word++;
	return (size_t)(word - *text);
}

static bool split_scope(char *text, char scope[static IF_NAMESIZE])
{
	char *mark = strchr(text, '%');

	scope[0] = '\0';
	if (!mark)
		return true;
	*mark = '\0';
	if (mark[1] == '\0' || strlen(mark + 1) >= IF_NAMESIZE)
		return false;
	strcpy(scope, mark + 1);
	return true;
}

static bool parse_server(const char *word, size_t length, struct resolv_server *server)
{
	char text[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE];

	memset(server, 0, sizeof(*server));
	if (length == 0 || length >= sizeof(text) || memchr(word, '\0', length))
		return false;
	memcpy(text, word, length);
	text[length] = '\0';
	server->family = AF_INET;
	if (inet_pton(AF_INET, text, &server->v4) == 1)
		return true;
	server->family = AF_INET6;
	return split_scope(text, server->scope) && inet_pton(AF_INET6, text, &server->v6) == 1;
}

/* The keyword stands at the beginning of its line, with a blank after it. */
static void parse_line(const char *line, const char *end, struct resolv_conf *conf)
{
	const char *word = line + strlen(keyword);
	size_t length;

	if ((size_t)(end - line) <= strlen(keyword) ||
	    memcmp(line, keyword, strlen(keyword)) != 0 || !is_blank(*word))
		return;
	length = find_word(&word, end);
	if (conf->count < RESOLV_CONF_SERVERS &&
	    parse_server(word, length, &conf->servers[conf->count]))
		conf->count++;
}

void resolv_conf_parse(const char *text, size_t size, struct resolv_conf *conf)
{
	const char *end = text + size;

	memset(conf, 0, sizeof(*conf));
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		parse_line(text, line_end, conf);
		text = newline ? newline + 1 : end;
	}
	if (conf->count == 0) {
		conf->servers[0].family = AF_INET;
		conf->servers[0].v4.s_addr = htonl(INADDR_LOOPBACK);
		conf->count = 1;
	}
}

/* SPDX-License-Identifier: MIT */
/* attachment.c - files of a message; see attachment.h. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "local/attachment.h"
#include "local/call.h"
#include "local/channel.h"
#include "local/problem.h"
#include "local/reply.h"
#include "local/request.h"
#include "local/store.h"
#include "local/text.h"

#define TYPE_DEFAULT	"application/octet-stream"

static bool	is_type(const char *);
static int	check_url(struct call *, const char *, int);
static int	read_data(struct call *, cJSON *, const char *, int);
static int	read_item(struct call *, cJSON *, const char *, int);

/* type/subtype of RFC 9110, 8.3.1, and perhaps parameters: what a Content-Type can be. */
static bool
is_type(const char *s)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789!#$%&'*+-.^_`|~";
	size_t n = strspn(s, token);
	const char *p;

	if (strlen(s) > CAP_NAME || n == 0 || s[n] != '/' || strspn(s + n + 1, token) == 0)
		return false;
	s += n + 1;
	s += strspn(s, token);
	for (p = s; *p >= ' ' && *p <= '~'; p++)
		;
	return *p == '\0' && (*s == '\0' || *s == ';');
}

static int
check_url(struct call *c, const char *url, int at)
{
	if (url == NULL || strlen(url) > CAP_URL || text_has_control(url) ||
	    strchr(url, ' ') != NULL ||
	    (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0))
		return problem_field(c, "attachments[%d].url: an http or https URL of at "
		    "most %d bytes is wanted, or data", at, CAP_URL);
	return 0;
}

static int
read_data(struct call *c, cJSON *item, const char *channel, int at)
{
	const char *data = json_str(item, "data");
	char id[CAP_ID + 1];
	struct buf bytes;
	int r;

	if (json_get(item, "url") != NULL)
		return problem_field(c, "attachments[%d].data: either url or data is wanted", at);
	if (strcmp(channel, CHANNEL_INBOX) != 0)
		return problem_field(c, "attachments[%d].data: channel %s takes links only; a url "
		    "is wanted", at, channel);
	buf_init(&bytes, CAP_ATTACHMENT);
	r = data == NULL || base64_decode(&bytes, data, strlen(data)) == -1;
	if (bytes.starved)
		r = -1;
	else if (r != 0)
		problem_field(c, "attachments[%d].data: base64 with padding of at most %d bytes is "
		    "wanted", at, CAP_ATTACHMENT);
	else if (text_new_id("att_", id, sizeof id) == -1 ||
	    json_put(item, "id", cJSON_CreateString(id)) == -1 ||
	    json_put(item, "size", json_int((int64_t)bytes.len)) == -1)
		r = -1;
	buf_finish(&bytes);
	return r;
}

static int
read_item(struct call *c, cJSON *item, const char *channel, int at)
{
	const char *name = json_str(item, "name");
	const cJSON *type = json_get(item, "mime_type");
	int r;

	if (!cJSON_IsObject(item))
		return problem_field(c, "attachments[%d]: an object is wanted", at);
	if ((r = request_check_members(c, item, "name,url,data,mime_type")) != 0)
		return r;
	if (name == NULL || *name == '\0' || text_length(name) > CAP_NAME || text_has_control(name))
		return problem_field(c, "attachments[%d].name: 1 to %d characters of one "
		    "line are wanted", at, CAP_NAME);
	if (type != NULL && (!cJSON_IsString(type) || !is_type(type->valuestring)))
		return problem_field(c, "attachments[%d].mime_type: type/subtype is wanted",
		    at);
	return json_get(item, "data") != NULL ? read_data(c, item, channel, at) :
	    check_url(c, json_str(item, "url"), at);
}

int
attachment_read(struct call *c, const char *channel, struct buf *out)
{
	cJSON *given = json_get(c->req.json, "attachments"), *item, *list;
	int r = 0, n = 0;

	if (given == NULL)
		return 0;
	if (!cJSON_IsArray(given) || cJSON_GetArraySize(given) > CAP_ATTACHMENTS)
		return problem_field(c, "attachments: an array of at most %d is wanted",
		    CAP_ATTACHMENTS);
	cJSON_ArrayForEach(item, given)
		if ((r = read_item(c, item, channel, n++)) != 0)
			return r;
	if (n == 0)
		return 0;
	list = cJSON_CreateArray();
	cJSON_ArrayForEach(item, given)
		if (r == 0)
			r = json_push(list, json_borrow(item, "data"));
	if (r == 0)
		r = json_print(out, list);
	cJSON_Delete(list);
	return r;
}

int
attachment_keep(struct call *c, const char *message_id)
{
	const cJSON *item;
	const char *data;
	struct buf bytes;
	int r = 0;

	cJSON_ArrayForEach(item, json_get(c->req.json, "attachments")) {
		data = json_str(item, "data");
		if (r != 0 || data == NULL)
			continue;
		buf_init(&bytes, CAP_ATTACHMENT);
		r = base64_decode(&bytes, data, strlen(data));
		if (r == 0)
			r = store_run(c->store, "INSERT INTO attachment (id, message_id, mime_type,"
			    " data) VALUES (?, ?, ?, ?)", "tttb", json_str(item, "id"), message_id,
			    json_str(item, "mime_type"), (const void *)buf_str(&bytes), bytes.len);
		buf_finish(&bytes);
	}
	return r;
}

int
attachment_get(struct call *c)
{
	sqlite3_stmt *stmt = store_bind(c->store,
	    "SELECT mime_type, data FROM attachment WHERE id = ?", "t", c->arg);
	int r = store_step(c->store, stmt);

	if (r == 1)
		r = reply_bytes(c, 200, store_text(stmt, 0) == NULL ? TYPE_DEFAULT :
		    store_text(stmt, 0), sqlite3_column_blob(stmt, 1),
		    (size_t)sqlite3_column_bytes(stmt, 1));
	else if (r == 0)
		r = problem(c, 404, "not_found", "no attachment has this id");
	store_done(stmt);
	return r;
}

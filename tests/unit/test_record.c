/* SPDX-License-Identifier: MIT */
/* test_record.c - mcp/record, mcp/confirm and mcp/policy: what must not be done twice, or unasked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "check.h"
#include "mcp/confirm.h"
#include "mcp/failure.h"
#include "mcp/policy.h"
#include "mcp/record.h"
#include "mcp/service.h"
#include "wire/json.h"

static const char service_text[] = "{\"name\":\"s\",\"base_url\":\"http://h\",\"tools\":["
    "{\"name\":\"send\",\"title\":\"Send it\",\"description\":\"d\",\"write\":true,\"preview\":\"look\","
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"},"
    "\"channel\":{\"type\":\"string\",\"default\":\"inbox\"}}},"
    "\"outputSchema\":{\"type\":\"object\",\"properties\":{\"id\":{},\"to\":{},\"body\":{}},"
    "\"required\":[\"id\",\"to\"]},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/m\",\"headers\":{\"Idempotency-Key\":"
    "\"{idempotency_key}\"},\"body\":{\"text\":\"{text}\"}},"
    "\"response\":{\"id\":\"/id\",\"to\":{\"pointer\":\"/to\",\"untrusted\":true},"
    "\"body\":{\"pointer\":\"/body\",\"untrusted\":true}}},"
    "{\"name\":\"post\",\"description\":\"d\",\"write\":true,\"policy\":\"confirm\","
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"channel\":{\"type\":\"string\"}}},"
    "\"request\":{\"method\":\"POST\",\"url\":\"/p\"},\"response\":{\"id\":\"/id\"}},"
    "{\"name\":\"look\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"},"
    "\"request\":{\"method\":\"GET\",\"url\":\"/l\"},\"response\":{\"id\":\"/id\"}}]}";

static struct service service;

static cJSON *
parse(const char *text)
{
	struct json_fault fault;
	cJSON *item = json_parse(text, strlen(text), &fault);

	CHECK(item != NULL, "%s", text);
	return item;
}

static void
load(void)
{
	char path[] = "/tmp/test_record.XXXXXX", why[512] = "";
	int fd = mkstemp(path);

	CHECK(fd != -1 && write(fd, service_text, sizeof service_text - 1) ==
	    (ssize_t)sizeof service_text - 1, "a file");
	close(fd);
	CHECK(service_load(&service, path, NULL, NULL, why, sizeof why) == 0, "%s", why);
	unlink(path);
}

/* ---- record */

static void
record_round(void)
{
	static const enum record_state states[] = { RECORD_HELD, RECORD_SENT, RECORD_DONE, RECORD_LOST };
	struct record r = { .tag = "0123456789abcde", .until = { 5, 6, 7 }, .result = "{\"a\":1}" }, back;
	struct buf out;
	size_t i, len;

	buf_init(&out, 4096);
	for (i = 0; i < 4; i++) {
		r.state = states[i];
		r.len = states[i] == RECORD_DONE ? 7 : 0;
		memset(r.digest, (int)i + 1, sizeof r.digest);
		buf_reset(&out);
		CHECK(record_write(&out, &r) == 0 && memcmp(out.data, r.tag, RECORD_TAG) == 0, "tag first");
		CHECK(record_read(&back, (uint8_t *)out.data, out.len) == 0 && back.state == r.state &&
		    memcmp(back.digest, r.digest, sizeof r.digest) == 0 && back.until.wall_ms == 5 &&
		    back.until.boot_ms == 6 && back.until.boot == 7 && back.len == r.len &&
		    memcmp(back.result, r.result, r.len) == 0, "state %zu comes back", i);
		for (len = 0; len < out.len - r.len; len++)
			CHECK(record_read(&back, (uint8_t *)out.data, len) == -1, "cut to %zu", len);
	}
	out.data[RECORD_TAG] = 2;
	CHECK(record_read(&back, (uint8_t *)out.data, out.len) == -1, "a newer release's");
	out.data[RECORD_TAG] = 1;
	out.data[RECORD_TAG + 1] = 9;
	CHECK(record_read(&back, (uint8_t *)out.data, out.len) == -1, "no such state");
	buf_finish(&out);
}

static void
record_verdicts(void)
{
	struct clock_moment now = { 1000, 1000, 1 }, early = { 0, 900, 1 }, rebooted = { 1001, 5, 2 };
	struct record r = { .state = RECORD_SENT, .until = { 1001, 1001, 1 } };
	uint8_t same[CRYPTO_DIGEST] = { 0 }, other[CRYPTO_DIGEST] = { 1 };

	CHECK(record_judge(&r, other, &now, true) == RECORD_OTHER, "other arguments");
	CHECK(record_judge(&r, same, &now, true) == RECORD_RUNNING, "on its way");
	CHECK(record_judge(&r, same, &now, false) == RECORD_UNKNOWN, "its writer is gone");
	CHECK(record_judge(&r, same, &early, true) == RECORD_RUNNING, "a wall clock set back");
	early.wall_ms = 99999;
	CHECK(record_judge(&r, same, &early, true) == RECORD_RUNNING, "and set forth");
	CHECK(record_judge(&r, same, &rebooted, true) == RECORD_UNKNOWN, "after a reboot");
	now.boot_ms = 1001;
	CHECK(record_judge(&r, same, &now, true) == RECORD_UNKNOWN, "its time is over");
	r.state = RECORD_HELD;
	CHECK(record_judge(&r, same, &now, true) == RECORD_FREE, "held, and its time is over");
	CHECK(record_judge(&r, same, &early, false) == RECORD_FREE, "held, and its writer is gone");
	CHECK(record_judge(&r, same, &early, true) == RECORD_RUNNING, "held");
	CHECK(record_judge(&r, other, &early, true) == RECORD_OTHER, "held for other arguments");
	r.state = RECORD_LOST;
	CHECK(record_judge(&r, same, &early, true) == RECORD_UNKNOWN, "lost");
	r.state = RECORD_DONE;
	CHECK(record_judge(&r, same, &now, false) == RECORD_REPLAY, "done, whoever did it");
	CHECK(record_judge(&r, other, &now, false) == RECORD_OTHER, "and not for others");
}

static void
record_digests(void)
{
	static const struct { const char *a, *b; bool same; } pairs[] = {
		{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true },
		{ "{\"a\":1}", "{\"a\":1,\"idempotency_key\":\"k\"}", true },
		{ "{\"a\":1,\"confirm_token\":\"t\"}", "{\"a\":1,\"idempotency_key\":\"k\"}", true },
		{ "{\"a\":1}", "{\"a\":2}", false },
		{ "{\"a\":{\"confirm_token\":\"t\"}}", "{\"a\":{}}", false },
		{ "{\"a\":\"1\"}", "{\"a\":1}", false },
		{ "{\"a\":[1,2]}", "{\"a\":[2,1]}", false },
		{ "{\"ab\":\"c\"}", "{\"a\":\"bc\"}", false },
		{ "{\"a\":null}", "{}", false },
	};
	const struct tool *send = &service.tools[0], *post = &service.tools[1];
	uint8_t a[CRYPTO_DIGEST], b[CRYPTO_DIGEST], place[5][CRYPTO_DIGEST];
	cJSON *one, *two;
	size_t i, k;

	for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		one = parse(pairs[i].a);
		two = parse(pairs[i].b);
		CHECK(record_digest(a, one, NULL) == 0 && record_digest(b, two, NULL) == 0 &&
		    (memcmp(a, b, sizeof a) == 0) == pairs[i].same, "%s %s", pairs[i].a, pairs[i].b);
		cJSON_Delete(one);
		cJSON_Delete(two);
	}
	record_place(place[0], "me", send, "k", a);
	record_place(place[1], "you", send, "k", a);
	record_place(place[2], "me", post, "k", a);
	record_place(place[3], "me", send, "l", a);
	record_place(place[4], "me", send, NULL, a);
	for (i = 0; i < 5; i++)
		for (k = 0; k < i; k++)
			CHECK(memcmp(place[i], place[k], CRYPTO_DIGEST) != 0, "places %zu, %zu", i, k);
	record_place(place[1], "me", send, "k", b);
	CHECK(memcmp(place[0], place[1], CRYPTO_DIGEST) == 0, "a key's place has nothing of the arguments");
}

static void
record_results(void)
{
	struct record r = { .state = RECORD_DONE };
	struct buf kept, again;

	buf_init(&kept, 4096);
	buf_init(&again, 4096);
	CHECK(record_result(&kept, &service.tools[0], "{\"id\":1,\"to\":[\"bob\"],\"body\":\"secret\","
	    "\"idempotent_replay\":false}") == 0 && strcmp(buf_str(&kept),
	    "{\"id\":1,\"to\":[\"bob\"],\"idempotent_replay\":false}") == 0, "%s", buf_str(&kept));
	r.result = kept.data;
	r.len = kept.len;
	CHECK(record_replay(&again, &r) == 0 && strcmp(buf_str(&again),
	    "{\"id\":1,\"to\":[\"bob\"],\"idempotent_replay\":true}") == 0, "%s", buf_str(&again));
	r.result = "[]";
	r.len = 2;
	CHECK(record_replay(&again, &r) == -1, "no object");
	buf_finish(&kept);
	buf_finish(&again);
}

/* ---- confirm */

static void
confirm_tokens(void)
{
	static const uint8_t nonce[CONFIRM_NONCE] = "1234567";
	struct crypto_key key, other_key;
	struct confirm c = { .key = &key, .tool = &service.tools[0], .caller = "me" }, other;
	uint8_t place[CRYPTO_DIGEST], second[CRYPTO_DIGEST];
	struct buf token, twin;
	char was;
	size_t i;
	int b;

	CHECK(crypto_key_random(&key) == 0 && crypto_key_random(&other_key) == 0, "keys");
	buf_init(&token, 256);
	buf_init(&twin, 256);
	CHECK(confirm_seal(&token, &c, 5000, nonce, "") == 0, "sealed");
	CHECK(confirm_open(&c, token.data, 4999, place, NULL) == CONFIRM_GOOD, "good");
	CHECK(confirm_open(&c, token.data, 4999, second, NULL) == CONFIRM_GOOD &&
	    memcmp(place, second, sizeof place) == 0, "one token, one place");
	CHECK(confirm_open(&c, token.data, 5000, place, NULL) == CONFIRM_EXPIRED, "expired");
	/* Every other byte at every place. */
	for (i = 0; i < token.len; i++) {
		was = token.data[i];
		for (b = 1; b < 256; b++) {
			if ((char)b == was)
				continue;
			token.data[i] = (char)b;
			if (confirm_open(&c, token.data, 0, place, NULL) != CONFIRM_FALSE)
				break;
		}
		CHECK(b == 256, "byte %zu as %d", i, b);
		token.data[i] = was;
	}
	buf_puts(&token, "A");
	CHECK(confirm_open(&c, token.data, 0, place, NULL) == CONFIRM_FALSE, "longer");
	buf_truncate(&token, token.len - 1);
	other = c;
	other.caller = "you";
	CHECK(confirm_open(&other, token.data, 0, place, NULL) == CONFIRM_FALSE, "another caller's");
	other = c;
	other.tool = &service.tools[1];
	CHECK(confirm_open(&other, token.data, 0, place, NULL) == CONFIRM_FALSE, "another tool's");
	other = c;
	other.digest[0]++;
	CHECK(confirm_open(&other, token.data, 0, place, NULL) == CONFIRM_FALSE, "other arguments'");
	other = c;
	other.use = CONFIRM_QUESTION;
	CHECK(confirm_open(&other, token.data, 0, place, NULL) == CONFIRM_FALSE, "no answer to a question");
	other = c;
	other.key = &other_key;
	CHECK(confirm_open(&other, token.data, 0, place, NULL) == CONFIRM_FALSE, "another key's");
	CHECK(confirm_open(&c, "", 0, place, NULL) == CONFIRM_FALSE, "none");
	CHECK(confirm_seal(&twin, &c, 5000, (const uint8_t *)"7654321", "") == 0 &&
	    confirm_open(&c, token.data, 0, place, NULL) == CONFIRM_GOOD &&
	    confirm_open(&c, twin.data, 0, second, NULL) == CONFIRM_GOOD &&
	    memcmp(place, second, sizeof place) != 0, "two tokens, two places");
	buf_finish(&token);
	buf_finish(&twin);
}

/* What a service gave with its question comes back as it was, or not at all. */
static void
confirm_states(void)
{
	static const uint8_t nonce[CONFIRM_NONCE] = "1234567";
	static char longest[LIMIT_REQUEST_STATE + 2];
	const char *const states[] = { "", "s", "{\"a\":\"\xc3\xa4\\n\"}", longest };
	struct crypto_key key;
	struct confirm c = { .key = &key, .tool = &service.tools[0], .caller = "me",
	    .use = CONFIRM_ROUND }, other;
	struct tool named;
	uint8_t place[CRYPTO_DIGEST];
	struct buf token, state;
	size_t i, at;

	memset(longest, 'x', LIMIT_REQUEST_STATE);
	CHECK(crypto_key_random(&key) == 0, "a key");
	for (i = 0; i < sizeof states / sizeof states[0]; i++) {
		buf_init(&token, LIMIT_CURSOR);
		buf_init(&state, LIMIT_REQUEST_STATE);
		CHECK(confirm_seal(&token, &c, 5000, nonce, states[i]) == 0 &&
		    confirm_open(&c, token.data, 4999, place, &state) == CONFIRM_GOOD &&
		    strcmp(buf_str(&state), states[i]) == 0, "%zu: %s", i, buf_str(&state));
		buf_reset(&state);
		CHECK(confirm_open(&c, token.data, 4999, place, NULL) == CONFIRM_GOOD, "%zu, unread", i);
		for (other = c, other.use = CONFIRM_PREVIEW; other.use < CONFIRM_ROUND; other.use++)
			CHECK(confirm_open(&other, token.data, 0, place, &state) == CONFIRM_FALSE &&
			    state.len == 0, "%zu, as %d", i, (int)other.use);
		/* A letter of the state, or of what is around it. */
		for (at = 0; at < token.len; at += 1 + token.len / 64) {
			token.data[at] = token.data[at] == 'A' ? 'B' : 'A';
			if (confirm_open(&c, token.data, 0, place, &state) != CONFIRM_FALSE)
				break;
			CHECK(state.len == 0, "%zu: of a false one nothing comes back", i);
			buf_reset(&token);
			confirm_seal(&token, &c, 5000, nonce, states[i]);
		}
		CHECK(at >= token.len, "%zu, byte %zu", i, at);
		buf_finish(&token);
		buf_finish(&state);
	}
	/* A tool, a prompt and several resources may have one name, and the same arguments. */
	buf_init(&token, LIMIT_CURSOR);
	CHECK(confirm_seal(&token, &c, 5000, nonce, "s") == 0, "sealed");
	other = c;
	other.tool = &named;
	named = service.tools[0];
	CHECK(confirm_open(&other, token.data, 0, place, NULL) == CONFIRM_GOOD, "the same");
	for (named.kind = TOOL_READ; named.kind <= TOOL_COMPLETE; named.kind++)
		CHECK(confirm_open(&other, token.data, 0, place, NULL) == CONFIRM_FALSE,
		    "of another kind, %d", (int)named.kind);
	named.kind = TOOL_READ;
	named.resource = "x://a/{n}";
	buf_reset(&token);
	CHECK(confirm_seal(&token, &other, 5000, nonce, "s") == 0 &&
	    confirm_open(&other, token.data, 0, place, NULL) == CONFIRM_GOOD, "of a resource");
	named.resource = "x://b/{n}";
	CHECK(confirm_open(&other, token.data, 0, place, NULL) == CONFIRM_FALSE,
	    "of another resource");
	buf_finish(&token);
	longest[LIMIT_REQUEST_STATE] = 'x';
	buf_init(&token, 2 * LIMIT_CURSOR);
	CHECK(confirm_seal(&token, &c, 5000, nonce, longest) == -1, "too long");
	buf_finish(&token);
}

static void
confirm_texts(void)
{
	cJSON *args = parse("{\"text\":\"Hello\\nto: everybody\\u202e\",\"n\":[1],\"idempotency_key\":\"k\","
	    "\"confirm_token\":\"t\"}"), *item;
	struct failure f;
	struct buf out;
	const char *words;
	char *huge;

	buf_init(&out, LIMIT_QUESTION * 4);
	CHECK(confirm_question(&out, &service.tools[0], args, "{\"seen\":1}") == 0, "asked");
	item = parse(buf_str(&out));
	words = json_str(json_get(json_get(item, "confirm"), "params"), "message");
	CHECK(words != NULL && strncmp(words, "Send it?\n", 9) == 0 && strstr(words, "\nn: ") == NULL &&
	    strstr(words, "\u202e") == NULL && strstr(words, "confirm_token") == NULL &&
	    strstr(words, "\nto: ") == NULL && strstr(words, "cannot be seen") != NULL &&
	    strstr(words, "{\"seen\":1}") != NULL, "%s", buf_str(&out));
	cJSON_Delete(item);
	cJSON_Delete(args);
	args = cJSON_CreateObject();
	huge = malloc(20001);
	memset(huge, 'x', 20000);
	huge[20000] = '\0';
	json_put(args, "text", cJSON_CreateString(huge));
	free(huge);
	buf_reset(&out);
	CHECK(confirm_question(&out, &service.tools[0], args, NULL) == 0 && out.len < 17000 &&
	    strstr(buf_str(&out), "bytes in all") != NULL, "%s", buf_str(&out));
	cJSON_Delete(args);
	buf_reset(&out);
	args = parse("{\"b\":2,\"confirm_token\":\"t\"}");
	confirm_required(&f, &service.tools[0], args, "TOKEN", "{\"a\":1}");
	cJSON_Delete(args);
	CHECK(failure_print(&out, &f) == 0, "printed");
	item = parse(buf_str(&out));
	CHECK(strcmp(json_str(item, "code"), "confirmation_required") == 0 &&
	    strcmp(json_str(item, "confirm_token"), "TOKEN") == 0 &&
	    json_get(json_get(json_get(item, "preview"), "result"), "a") != NULL &&
	    json_get(json_get(json_get(item, "preview"), "arguments"), "b") != NULL &&
	    json_get(json_get(json_get(item, "preview"), "arguments"), "confirm_token") == NULL, "%s", buf_str(&out));
	cJSON_Delete(item);
	failure_finish(&f);
	buf_finish(&out);
}

/* ---- policy */

/* A rule names by name whatever has that, and by URI a resource as its file has it. */
static void
policy_names(void)
{
	static const struct {
		const char *rule;
		bool tool, thread, item;
	} rules[] = {
		{ "deny:send", true, false, false },
		{ "deny:thread", false, true, false },
		{ "deny:*", true, true, true },
		{ "deny:x://threads/{id}{?at}", false, true, false },
		{ "deny:x://threads/*:caller=m?", false, true, false },
		{ "deny:x://threads/*:caller=you", false, false, false },
		{ "deny:x://*:channel=chat", false, false, false },
		{ "deny:x://threads/1", false, false, false },
		{ "deny:*://*", false, true, true },
		{ "confirm:x://*", false, false, false },
		{ "deny:y://host:8080/{id}", false, false, true },
		{ "deny:y://host:80*:caller=m?", false, false, true },
		{ "deny:y://host:8080/*:caller=you", false, false, false },
		{ "deny:y://host:8080/*:channel=chat:caller=me", false, false, false },
		{ "deny:*:caller=me", true, true, true },
	};
	struct tool thread = { .kind = TOOL_READ, .name = "thread",
	    .resource = "x://threads/{id}{?at}" };
	struct tool item = { .kind = TOOL_READ, .name = "item",
	    .resource = "y://host:8080/{id}" };
	struct policy p;
	char why[256], *rule;
	size_t i;

	for (i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		rule = strdup(rules[i].rule);
		CHECK(policy_init(&p, &rule, 1, why, sizeof why) == 0, "%s", why);
		CHECK((policy_judge(&p, &service.tools[0], NULL, "me") == POLICY_DENY) ==
		    rules[i].tool, "%s, a tool", rule);
		CHECK((policy_judge(&p, &thread, NULL, "me") == POLICY_DENY) == rules[i].thread,
		    "%s, a resource", rule);
		CHECK((policy_judge(&p, &item, NULL, "me") == POLICY_DENY) == rules[i].item,
		    "%s, a resource with a port", rule);
		policy_finish(&p);
		free(rule);
	}
}

static void
policies(void)
{
	char deny[] = "deny:send:channel=sms", *const rules[] = {
		deny, (char[]){ "allow:send:caller=robot*" }, (char[]){ "confirm:*:channel=inbox" },
		(char[]){ "allow:post:channel=chat" },
	}, *const channels[] = { (char[]){ "deny:*:channel=sms" }, (char[]){ "deny:look" } };
	static const struct {
		int tool;
		const char *args, *caller;
		enum policy_action want;
	} calls[] = {
		{ 0, "{\"channel\":\"sms\"}", "robot1", POLICY_DENY },
		{ 0, "{\"channel\":\"chat\"}", "robot1", POLICY_ALLOW },
		{ 0, "{\"channel\":\"inbox\"}", "me", POLICY_CONFIRM },
		{ 0, "{}", "me", POLICY_CONFIRM },		/* the schema's default */
		{ 0, "{\"channel\":\"chat\"}", "me", POLICY_ALLOW },
		{ 1, "{\"channel\":\"chat\"}", "me", POLICY_ALLOW },
		{ 1, "{\"channel\":\"mail\"}", "me", POLICY_CONFIRM },	/* the tool's own */
		{ 1, "{}", "me", POLICY_CONFIRM },		/* not known: what asks holds */
		{ 2, "{\"channel\":\"inbox\"}", "me", POLICY_ALLOW },	/* a read has nothing to agree to */
	};
	static const char *const wrong[] = {
		"", "deny", "deny:", "maybe:send", "deny:send:", "deny:send:chan=x", "deny:send:channel=", "deny:send:caller=a:caller=b",
		"deny:x:/a", "deny:x://a:caller=b:c", "deny:x://a:channel=", "deny:x://a:b:caller=", "deny:://a", "deny::caller=a",
	};
	struct policy p;
	char why[256];
	cJSON *args;
	size_t i;

	CHECK(policy_init(&p, rules, 4, why, sizeof why) == 0, "%s", why);
	for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		args = parse(calls[i].args);
		CHECK(policy_judge(&p, &service.tools[calls[i].tool], args, calls[i].caller) ==
		    calls[i].want, "call %zu", i);
		cJSON_Delete(args);
	}
	CHECK(policy_always(&p, &service.tools[0]) == POLICY_ACTIONS &&
	    policy_always(&p, &service.tools[2]) == POLICY_ALLOW, "always");
	policy_finish(&p);
	/* What can name no channel is not meant by who names one: the next rule is the first for it. */
	CHECK(policy_init(&p, channels, 2, why, sizeof why) == 0, "%s", why);
	CHECK(!policy_rule_names(&p, 0, &service.tools[2]) &&
	    policy_rule_names(&p, 0, &service.tools[0]), "which have a channel");
	CHECK(policy_always(&p, &service.tools[2]) == POLICY_DENY &&
	    policy_always(&p, &service.tools[0]) == POLICY_ACTIONS, "always, behind a channel");
	policy_finish(&p);
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		char *rule = (char *)(uintptr_t)wrong[i];

		why[0] = '\0';
		CHECK(policy_init(&p, &rule, 1, why, sizeof why) == -1 && strncmp(why, "policy: ", 8) == 0,
		    "\"%s\": %s", wrong[i], why);
		policy_finish(&p);
	}
}

int
main(void)
{
	load();
	record_round();
	record_verdicts();
	record_digests();
	record_results();
	confirm_tokens();
	confirm_states();
	confirm_texts();
	policy_names();
	policies();
	service_finish(&service);
	return check_done();
}

/* SPDX-License-Identifier: MIT */
/*
 * test_uritemplate.c - wire/uritemplate: own cases, and with VECTORS=<folder> the
 * public uri-template test cases below <folder>/uri-template/.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "check.h"
#include "wire/json.h"
#include "wire/uritemplate.h"

/* The values that the examples of RFC 6570, section 3.2 use, and some of our own. */
static const char rfc_values[] =
    "{\"count\":[\"one\",\"two\",\"three\"],\"dom\":[\"example\",\"com\"],\"dub\":\"me/too\","
    "\"hello\":\"Hello World!\",\"half\":\"50%\",\"var\":\"value\",\"who\":\"fred\","
    "\"base\":\"http://example.com/home/\",\"path\":\"/foo/bar\","
    "\"list\":[\"red\",\"green\",\"blue\"],"
    "\"keys\":{\"semi\":\";\",\"dot\":\".\",\"comma\":\",\"},\"v\":\"6\",\"x\":\"1024\","
    "\"y\":\"768\",\"empty\":\"\",\"empty_keys\":{},\"undef\":null}";
static const char own_values[] =
    "{\"up\":\"../x\",\"ab\":\"a/b\",\"q\":\"a&b=c#d?e\",\"crlf\":\"a\\r\\nb\","
    "\"del\":\"\\u007f\",\"tab\":\"\\t\",\"uml\":\"\\u00e4\\u00f6\\u00fc\","
    "\"clef\":\"\\ud834\\udd1ex\",\"comb\":\"e\\u0301x\",\"pct\":\"%2Fabc\","
    "\"pcts\":\"a%C3%BCb\",\"half\":\"100%\",\"bad\":\"%zz%4\","
    "\"int\":42,\"neg\":-7,\"big\":123456789012345678901234567890,\"frac\":1.50,\"exp\":1E+5,"
    "\"yes\":true,\"no\":false,\"nil\":null,\"nul\":\"a\\u0000b\",\"nuls\":[\"ok\",\"\\u0000\"],"
    "\"nulk\":{\"\\u0000\":1},\"none\":[],\"bare\":{},\"nils\":[null,null],\"nilk\":{\"a\":null},"
    "\"some\":[null,\"a\",null,\"b\"],\"somek\":{\"a\":null,\"b\":1,\"c\":null,\"d\":true},"
    "\"mixed\":[1,true,\"x y\",1.0],\"nest\":[\"a\",[\"b\"]],\"nesto\":[{}],\"nestk\":{\"a\":[1]},"
    "\"blank\":[\"\"],\"blanks\":[\"\",\"a\",\"\"],\"blankk\":{\"a\":\"\",\"\":\"b\"},"
    "\"evil\":{\"a&b\":\"c=d\",\"#\":\"/\"},\"empty\":\"\",\"a.b\":\"dot\",\"a%20b\":\"pct\","
    "\"_\":\"under\",\"1\":\"one\",\"Var\":\"upper\",\"var\":\"lower\",\"list\":[\"a/b\",\"c,d\"],"
    "\"quote\":\"'\\\"<>\\\\^`{|}\",\"sub\":\"!$&'()*+,;=:/?#[]@\",\"safe\":\"aZ09-._~\"}";

struct expansion_case {
	const char	*text;
	const char	*want;		/* NULL: the template is fine, the expansion fails */
};

static const struct expansion_case rfc_table[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "{var}", "value" }, { "{hello}", "Hello%20World%21" }, { "{half}", "50%25" },
	{ "O{empty}X", "OX" }, { "O{undef}X", "OX" }, { "{x,y}", "1024,768" },
	{ "?{x,empty}", "?1024," }, { "?{x,undef}", "?1024" }, { "?{undef,y}", "?768" },
	{ "{var:3}", "val" }, { "{var:30}", "value" }, { "{list}", "red,green,blue" },
	{ "{list*}", "red,green,blue" }, { "{keys}", "semi,%3B,dot,.,comma,%2C" },
	{ "{keys*}", "semi=%3B,dot=.,comma=%2C" },
	{ "{+var}", "value" }, { "{+hello}", "Hello%20World!" }, { "{+half}", "50%25" },
	{ "{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex" },
	{ "{+base}index", "http://example.com/home/index" },
	{ "{+path}/here", "/foo/bar/here" }, { "here?ref={+path}", "here?ref=/foo/bar" },
	{ "up{+path}{var}/here", "up/foo/barvalue/here" }, { "{+path:6}/here", "/foo/b/here" },
	{ "{+keys}", "semi,;,dot,.,comma,," }, { "{+keys*}", "semi=;,dot=.,comma=," },
	{ "{#path,x}/here", "#/foo/bar,1024/here" }, { "{#path:6}/here", "#/foo/b/here" },
	{ "foo{#empty}", "foo#" }, { "foo{#undef}", "foo" }, { "{#list*}", "#red,green,blue" },
	{ "{.who}", ".fred" }, { "{.who,who}", ".fred.fred" }, { "www{.dom*}", "www.example.com" },
	{ "X{.empty}", "X." }, { "X{.undef}", "X" }, { "X{.list}", "X.red,green,blue" },
	{ "X{.keys*}", "X.semi=%3B.dot=..comma=%2C" }, { "X{.empty_keys*}", "X" },
	{ "{/who,dub}", "/fred/me%2Ftoo" }, { "{/var,empty}", "/value/" },
	{ "{/var,undef}", "/value" }, { "{/var:1,var}", "/v/value" },
	{ "{/list*,path:4}", "/red/green/blue/%2Ffoo" },
	{ "{/keys*}", "/semi=%3B/dot=./comma=%2C" },
	{ "{;v,empty,who}", ";v=6;empty;who=fred" }, { "{;v,undef,who}", ";v=6;who=fred" },
	{ "{;hello:5}", ";hello=Hello" }, { "{;list}", ";list=red,green,blue" },
	{ "{;list*}", ";list=red;list=green;list=blue" },
	{ "{;keys}", ";keys=semi,%3B,dot,.,comma,%2C" },
	{ "{;keys*}", ";semi=%3B;dot=.;comma=%2C" },
	{ "{?x,y,empty}", "?x=1024&y=768&empty=" }, { "{?x,y,undef}", "?x=1024&y=768" },
	{ "{?var:3}", "?var=val" }, { "{?list*}", "?list=red&list=green&list=blue" },
	{ "{?keys}", "?keys=semi,%3B,dot,.,comma,%2C" },
	{ "{?keys*}", "?semi=%3B&dot=.&comma=%2C" },
	{ "?fixed=yes{&x}", "?fixed=yes&x=1024" }, { "{&var:3}", "&var=val" },
	{ "{&x,y,empty}", "&x=1024&y=768&empty=" }, { "{?undef}", "" }, { "{?nobody}", "" },
};

static const struct expansion_case own_table[] = {
	/* What a path segment may not smuggle in, and '.', which RFC 6570 lets through. */
	{ "/a/{up}", "/a/..%2Fx" }, { "/a/{ab}", "/a/a%2Fb" }, { "/a{/ab}", "/a/a%2Fb" },
	{ "?q={q}", "?q=a%26b%3Dc%23d%3Fe" }, { "{?q}", "?q=a%26b%3Dc%23d%3Fe" },
	{ "{+q}", "a&b=c#d?e" }, { "{crlf}", "a%0D%0Ab" }, { "{+crlf}", "a%0D%0Ab" },
	{ "{#del}", "#%7F" }, { "{+tab}", "%09" }, { "{+up}", "../x" },
	{ "{quote}", "%27%22%3C%3E%5C%5E%60%7B%7C%7D" },
	{ "{+quote}", "'%22%3C%3E%5C%5E%60%7B%7C%7D" },
	{ "{+sub}", "!$&'()*+,;=:/?#[]@" },
	{ "{sub}", "%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%2F%3F%23%5B%5D%40" },
	{ "{safe}", "aZ09-._~" }, { "{.safe}", ".aZ09-._~" },
	/* A prefix counts characters. */
	{ "{uml:1}", "%C3%A4" }, { "{uml:2}", "%C3%A4%C3%B6" }, { "{uml:3}", "%C3%A4%C3%B6%C3%BC" },
	{ "{uml:9999}", "%C3%A4%C3%B6%C3%BC" }, { "{clef:1}", "%F0%9D%84%9E" },
	{ "{clef:2}", "%F0%9D%84%9Ex" }, { "{comb:1}", "e" }, { "{comb:2}", "e%CC%81" },
	{ "{+uml:1}", "%C3%A4" }, { "{?uml:2}", "?uml=%C3%A4%C3%B6" },
	{ "{pct:1}", "%25" }, { "{pct:3}", "%252F" }, { "{+pct:1}", "%2F" },
	{ "{#pct:2}", "#%2Fa" },
	{ "{+pcts:2}", "a%C3" }, { "{+pcts:3}", "a%C3%BC" }, { "{+pcts:4}", "a%C3%BCb" },
	{ "{+bad:1}", "%25" }, { "{+bad}", "%25zz%254" }, { "{bad}", "%25zz%254" },
	{ "{+half}", "100%25" }, { "{+half:4}", "100%25" }, { "{empty:3}", "" },
	{ "{?empty:3}", "?empty=" },
	{ "{;empty:3}", ";empty" }, { "{big:4}", "1234" },
	/* Numbers leave as they came. */
	{ "{int}", "42" }, { "{neg}", "-7" }, { "{big}", "123456789012345678901234567890" },
	{ "{frac}", "1.50" }, { "{exp}", "100000" }, { "{+exp}", "100000" },
	{ "{yes,no}", "true,false" }, { "{?yes,no}", "?yes=true&no=false" },
	{ "{mixed}", "1,true,x%20y,1" },
	{ "{?mixed*}", "?mixed=1&mixed=true&mixed=x%20y&mixed=1" },
	/* Undefined. */
	{ "a{nil}b", "ab" }, { "a{none}b{bare}c{nils}d{nilk}e", "abcde" },
	{ "{?none,bare*,nils*}", "" },
	{ "{/nil,none*}", "" }, { "{#nilk*}", "" }, { "{;nil,int,none,neg}", ";int=42;neg=-7" },
	{ "{none:3}", "" },
	{ "{some}", "a,b" }, { "{/some*}", "/a/b" }, { "{?some*}", "?some=a&some=b" },
	{ "{somek}", "b,1,d,true" }, { "{?somek*}", "?b=1&d=true" }, { "{somek*}", "b=1,d=true" },
	/* Empty members. */
	{ "{blank}", "" }, { "{/blank}", "/" }, { "{?blank}", "?blank=" },
	{ "{?blank*}", "?blank=" },
	{ "{;blank*}", ";blank" }, { "{/blanks*}", "//a/" }, { "{blanks}", ",a," },
	{ "{?blanks*}", "?blanks=&blanks=a&blanks=" }, { "{;blankk*}", ";a;=b" },
	{ "{?blankk*}", "?a=&=b" }, { "{blankk}", "a,,,b" }, { "{blankk*}", "a=,=b" },
	/* A member's name cannot end the pair it is in. */
	{ "{?evil*}", "?a%26b=c%3Dd&%23=%2F" }, { "{;evil*}", ";a%26b=c%3Dd;%23=%2F" },
	{ "{evil*}", "a%26b=c%3Dd,%23=%2F" }, { "{+evil*}", "a&b=c=d,#=/" },
	{ "{?evil}", "?evil=a%26b,c%3Dd,%23,%2F" },
	{ "{list}", "a%2Fb,c%2Cd" }, { "{/list*}", "/a%2Fb/c%2Cd" }, { "{+list}", "a/b,c,d" },
	/* Names. */
	{ "{a.b}", "dot" }, { "{?a.b}", "?a.b=dot" }, { "{a%20b}", "pct" },
	{ "{?a%20b}", "?a%20b=pct" },
	{ "{_}", "under" }, { "{1}", "one" }, { "{Var}{var}", "upperlower" }, { "{VAR}", "" },
	{ "{int,int}", "42,42" }, { "{int}{int}", "4242" },
	/* Literals. */
	{ "a%20b", "a%20b" }, { "a%2fb", "a%2fb" }, { "\xc3\xbc", "%C3%BC" },
	{ "\xf0\x9d\x84\x9e", "%F0%9D%84%9E" }, { "\xee\x80\x80", "%EE%80%80" },
	{ "\xef\xbf\xaf", "%EF%BF%AF" }, { "\xc2\xa0", "%C2%A0" }, { "'{int}'", "'42'" },
	{ "!#$&()*+,-./:;=?@[]_~", "!#$&()*+,-./:;=?@[]_~" },
	{ "http://h:80/p?a=b#c", "http://h:80/p?a=b#c" },
	/* What cannot be expanded. */
	{ "{nul}", NULL }, { "{+nul}", NULL }, { "{?nul}", NULL }, { "{nul:1}", NULL },
	{ "{nuls}", NULL }, { "{/nuls*}", NULL }, { "{nulk}", NULL }, { "{?nulk*}", NULL },
	{ "{nest}", NULL }, { "{?nest*}", NULL }, { "{nesto}", NULL }, { "{nestk}", NULL },
	{ "{nestk*}", NULL }, { "{list:3}", NULL }, { "{?evil:1}", NULL }, { "{+list:1}", NULL },
	{ "a{int}b{nul}c", NULL },
};

struct broken_case {
	const char	*text;
	size_t		 offset;
};

static const struct broken_case broken[] = {
	{ "{", 1 }, { "}", 0 }, { "a}", 1 }, { "{}", 1 }, { "{var", 4 }, { "{var}}", 5 },
	{ "{{var}}", 1 }, { "{var,}", 5 }, { "{,var}", 1 }, { "{var,,x}", 5 }, { "{?}", 2 },
	{ "{+}", 2 }, { "{?&x}", 2 }, { "{=x}", 1 }, { "{!x}", 1 }, { "{@x}", 1 }, { "{|x}", 1 },
	{ "{$x}", 1 }, { "{-x}", 1 }, { "{~x}", 1 }, { "{*x}", 1 }, { "{x**}", 3 }, { "{x*:1}", 3 },
	{ "{x:1*}", 4 }, { "{x:}", 3 }, { "{x:0}", 3 }, { "{x:01}", 3 }, { "{x:10000}", 7 },
	{ "{x:99999}", 7 }, { "{x:-1}", 3 }, { "{x:+1}", 3 }, { "{x:a}", 3 }, { "{x:1a}", 4 },
	{ "{x y}", 2 }, { "{x }", 2 }, { "{ x}", 1 }, { "{x, y}", 3 }, { "{x.}", 3 },
	{ "{x..y}", 3 },
	{ "{..x}", 2 }, { "{.}", 2 }, { "{x.,y}", 3 }, { "{%}", 1 }, { "{%2}", 1 }, { "{%2x}", 1 },
	{ "{x%}", 2 }, { "{x%g0}", 2 }, { "{x-y}", 2 }, { "{x=1}", 2 }, { "{x|y}", 2 },
	{ "{\xc3\xbc}", 1 }, { "{x\n}", 2 }, { "%", 0 }, { "a%", 1 }, { "a%2", 1 }, { "a%2g", 1 },
	{ "%%20", 0 }, { " ", 0 }, { "a b", 1 }, { "a\tb", 1 }, { "a\nb", 1 }, { "\x7f", 0 },
	{ "\x01", 0 }, { "\"", 0 }, { "<", 0 }, { ">", 0 }, { "\\", 0 }, { "^", 0 }, { "`", 0 },
	{ "|", 0 }, { "\xff", 0 }, { "a\xc3", 1 }, { "\xc0\x80", 0 }, { "\xc1\xbf", 0 },
	{ "\xe0\x80\xaf", 0 }, { "\xed\xa0\x80", 0 }, { "\xf0\x80\x80\x80", 0 },
	{ "\xf4\x90\x80\x80", 0 }, { "\xf8\x88\x80\x80\x80", 0 }, { "\x80", 0 }, { "\xe2\x82", 0 },
	{ "\xc2\x80", 0 }, { "\xc2\x9f", 0 }, { "\xef\xbf\xbf", 0 }, { "\xef\xbf\xb0", 0 },
	{ "\xef\xb7\x90", 0 }, { "\xf0\x9f\xbf\xbe", 0 }, { "\xf3\xa0\x80\x81", 0 },
	{ "/id*}", 4 }, { "{/id*", 5 }, { "{/?id}", 2 }, { "{??id}", 2 }, { "{x?}", 2 },
};

static void	 run_table(const char *, const struct expansion_case *, size_t);
static void	 run_broken(void);
static void	 run_caps(void);
static void	 run_names(void);
static void	 run_fit(void);
static void	 run_vectors(const char *, const char *);
static void	 run_vector(const char *, const cJSON *, const cJSON *);

static cJSON *
parse(const char *text)
{
	struct json_fault fault;
	cJSON *item = json_parse(text, strlen(text), &fault);

	CHECK(item != NULL, "%s at %zu", fault.why, fault.offset);
	return item;
}

/* The expansion's text, or NULL with `out` empty. */
static const char *
expand(const char *text, const cJSON *values, struct buf *out)
{
	const char *why, *name, *result = NULL;
	struct uritemplate *t;
	size_t offset;

	buf_reset(out);
	t = uritemplate_create(text, &why, &offset);
	if (t != NULL && uritemplate_expand(t, values, out, &why, &name) == 0)
		result = buf_str(out);
	uritemplate_destroy(t);
	return result;
}

static void
run_table(const char *values_text, const struct expansion_case *table, size_t count)
{
	const char *why, *name, *got;
	struct uritemplate *t;
	size_t i, offset;
	struct buf out;
	cJSON *values = parse(values_text);

	buf_init(&out, LIMIT_URL);
	for (i = 0; i < count; i++) {
		got = expand(table[i].text, values, &out);
		if (table[i].want != NULL) {
			CHECK(got != NULL && strcmp(got, table[i].want) == 0, "%s: %s, not %s",
			    table[i].text, table[i].want, got == NULL ? "(failed)" : got);
			continue;
		}
		t = uritemplate_create(table[i].text, &why, &offset);
		CHECK(t != NULL, "%s is a template", table[i].text);
		CHECK(t != NULL && uritemplate_expand(t, values, &out, &why, &name) == -1 &&
		    why != NULL && name != NULL && out.len == 0, "%s cannot be expanded",
		    table[i].text);
		uritemplate_destroy(t);
	}
	buf_finish(&out);
	cJSON_Delete(values);
}

static void
run_broken(void)
{
	struct uritemplate *t;
	const char *why;
	size_t i, offset;

	for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		t = uritemplate_create(broken[i].text, &why, &offset);
		CHECK(t == NULL && why != NULL && offset == broken[i].offset,
		    "%s: broken at %zu, not %zu", broken[i].text, broken[i].offset, offset);
		uritemplate_destroy(t);
	}
}

/* `count` times `piece`, made into a template. */
static struct uritemplate *
repeat(const char *piece, size_t count)
{
	struct uritemplate *t;
	struct buf text;
	const char *why;
	size_t offset;

	buf_init(&text, 65536);
	while (count-- > 0)
		buf_puts(&text, piece);
	t = uritemplate_create(buf_str(&text), &why, &offset);
	CHECK((t == NULL) == (why != NULL), "%s", piece);
	buf_finish(&text);
	return t;
}

static void
run_caps(void)
{
	struct uritemplate *t;
	struct buf text;
	const char *why;
	size_t offset;

	t = repeat("{v}", LIMIT_TEMPLATE_VARS);
	CHECK(t != NULL && uritemplate_count(t) == LIMIT_TEMPLATE_VARS, "as many as may be");
	uritemplate_destroy(t);
	t = repeat("{v}", LIMIT_TEMPLATE_VARS + 1);
	CHECK(t == NULL, "one variable too many");
	uritemplate_destroy(t);
	t = repeat("a{v}", LIMIT_TEMPLATE_PARTS / 2);
	CHECK(t != NULL, "as many parts as may be");
	uritemplate_destroy(t);
	t = repeat("{v}a", LIMIT_TEMPLATE_PARTS);
	CHECK(t == NULL, "too many parts");
	uritemplate_destroy(t);
	buf_init(&text, 65536);
	buf_puts(&text, "{v");
	while (text.len < 2 * LIMIT_TEMPLATE_VARS + 2)
		buf_puts(&text, ",v");
	buf_puts(&text, "}");
	t = uritemplate_create(buf_str(&text), &why, &offset);
	CHECK(t == NULL && why != NULL, "too many variables in one expression");
	uritemplate_destroy(t);
	buf_finish(&text);
}

static void
run_names(void)
{
	static const char *const names[] = { "a", "b.c", "d", "a", "%41_9" };
	struct uritemplate *t;
	const char *why;
	size_t i, offset;

	t = uritemplate_create("x{a}{?b.c*,d:12}/{#a,%41_9}", &why, &offset);
	CHECK(t != NULL && uritemplate_count(t) == 5, "five variables");
	for (i = 0; t != NULL && i < 5; i++)
		CHECK(strcmp(uritemplate_name(t, i), names[i]) == 0, "%s", names[i]);
	CHECK(t != NULL && uritemplate_name(t, 5) == NULL, "no sixth");
	uritemplate_destroy(t);
	t = uritemplate_create("", &why, &offset);
	CHECK(t != NULL && uritemplate_count(t) == 0, "an empty template");
	uritemplate_destroy(t);
	uritemplate_destroy(NULL);
}

static void
run_fit(void)
{
	cJSON *values = parse("{\"v\":\"a b\",\"n\":\"\\u0000\",\"l\":[[]]}");
	struct uritemplate *t;
	const char *why, *name;
	struct buf out;
	size_t offset, cap;

	t = uritemplate_create("/p/{v}/q", &why, &offset);
	for (cap = 0; t != NULL && cap < 12; cap++) {
		buf_init(&out, cap);
		CHECK((uritemplate_expand(t, values, &out, &why, &name) == 0) == (cap >= 10) &&
		    (why == NULL) == (cap >= 10), "ten bytes into %zu", cap);
		buf_finish(&out);
	}
	buf_init(&out, 100);
	buf_puts(&out, "kept:");
	CHECK(t != NULL && uritemplate_expand(t, values, &out, &why, &name) == 0 &&
	    strcmp(buf_str(&out), "kept:/p/a%20b/q") == 0, "appended: %s", buf_str(&out));
	buf_reset(&out);
	CHECK(t != NULL && uritemplate_expand(t, NULL, &out, &why, &name) == 0 &&
	    strcmp(buf_str(&out), "/p//q") == 0, "no values at all");
	uritemplate_destroy(t);
	t = uritemplate_create("z{v}{n}", &why, &offset);
	buf_reset(&out);
	buf_puts(&out, "kept");
	CHECK(t != NULL && uritemplate_expand(t, values, &out, &why, &name) == -1 &&
	    strcmp(name, "n") == 0 && strcmp(buf_str(&out), "kept") == 0, "%s", buf_str(&out));
	uritemplate_destroy(t);
	t = uritemplate_create("{?v,l}", &why, &offset);
	CHECK(t != NULL && uritemplate_expand(t, values, &out, &why, &name) == -1 &&
	    strcmp(name, "l") == 0, "the name of the list");
	uritemplate_destroy(t);
	buf_finish(&out);
	cJSON_Delete(values);
}

static void
run_vector(const char *group, const cJSON *values, const cJSON *pair)
{
	const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0)), *got;
	const cJSON *want = cJSON_GetArrayItem(pair, 1), *one;
	struct buf out;
	bool ok = false;

	buf_init(&out, LIMIT_URL);
	got = expand(text, values, &out);
	if (cJSON_IsFalse(want))
		ok = got == NULL;
	else if (cJSON_IsString(want))
		ok = got != NULL && strcmp(got, want->valuestring) == 0;
	else
		cJSON_ArrayForEach(one, want)
			if (got != NULL && strcmp(got, one->valuestring) == 0)
				ok = true;
	CHECK(ok, "%s: %s gave %s", group, text, got == NULL ? "(failed)" : got);
	buf_finish(&out);
}

static void
run_vectors(const char *folder, const char *file)
{
	char path[4096], why[512] = "";
	struct json_fault fault;
	const cJSON *group, *pair;
	struct buf text;
	cJSON *root;

	snprintf(path, sizeof path, "%s/uri-template/%s.json", folder, file);
	buf_init(&text, LIMIT_SERVICE_FILE);
	CHECK(file_read(&text, path, why, sizeof why) == 0, "%s", why);
	root = json_parse(buf_str(&text), text.len, &fault);
	CHECK(root != NULL, "%s: %s at %zu", path, fault.why, fault.offset);
	if (root != NULL)
		cJSON_ArrayForEach(group, root)
			cJSON_ArrayForEach(pair, json_get(group, "testcases"))
				run_vector(group->string, json_get(group, "variables"), pair);
	cJSON_Delete(root);
	buf_finish(&text);
}

int
main(void)
{
	const char *folder = getenv("VECTORS");

	run_table(rfc_values, rfc_table, sizeof rfc_table / sizeof rfc_table[0]);
	run_table(own_values, own_table, sizeof own_table / sizeof own_table[0]);
	run_broken();
	run_caps();
	run_names();
	run_fit();
	if (folder == NULL) {
		SKIP("VECTORS does not name the folder of test vectors");
		return check_done();
	}
	run_vectors(folder, "spec-examples");
	run_vectors(folder, "spec-examples-by-section");
	run_vectors(folder, "extended-tests");
	run_vectors(folder, "negative-tests");
	return check_done();
}

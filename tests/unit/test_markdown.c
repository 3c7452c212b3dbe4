/* SPDX-License-Identifier: MIT */
/* test_markdown.c - CommonMark to the dialects and back, and how long nonsense takes. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "wire/markdown.h"

#define FAMILY	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"
#define HEBREW	"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"

/* CommonMark, and what it is in slack, telegram, whatsapp, html and text. */
static const char *const to[][1 + MARKDOWN_DIALECTS] = {
	{ "", "", "", "", "", "" },
	{ "plain", "plain", "plain", "plain", "<p>plain</p>", "plain" },
	{ FAMILY " " HEBREW, FAMILY " " HEBREW, FAMILY " " HEBREW, FAMILY " " HEBREW,
	    "<p>" FAMILY " " HEBREW "</p>", FAMILY " " HEBREW },
	{ "**b** *i* ~~s~~ `c`", "*b* _i_ ~s~ `c`", "<b>b</b> <i>i</i> <s>s</s> <code>c</code>",
	    "*b* _i_ ~s~ `c`",
	    "<p><strong>b</strong> <em>i</em> <del>s</del> <code>c</code></p>", "b i s c" },
	{ "**b *i* b**", "*b _i_ b*", "<b>b <i>i</i> b</b>", "*b _i_ b*",
	    "<p><strong>b <em>i</em> b</strong></p>", "b i b" },
	{ "a < b & c > d \"e\"", "a &lt; b &amp; c &gt; d \"e\"", "a &lt; b &amp; c &gt; d \"e\"",
	    "a < b & c > d \"e\"", "<p>a &lt; b &amp; c &gt; d &quot;e&quot;</p>",
	    "a < b & c > d \"e\"" },
	{ "<script>x</script> <@U1>", "&lt;script&gt;x&lt;/script&gt; &lt;@U1&gt;",
	    "&lt;script&gt;x&lt;/script&gt; &lt;@U1&gt;", "<script>x</script> <@U1>",
	    "<p>&lt;script&gt;x&lt;/script&gt; &lt;@U1&gt;</p>", "<script>x</script> <@U1>" },
	{ "<@U012345678> **<@W012345678>** `<@U012345678>` [<@U012345678>](https://a.b) <@u012345678> <@U0123456>"
	    " <@U012345678",
	    "<@U012345678> *<@W012345678>* `&lt;@U012345678&gt;` <https://a.b|&lt;@U012345678&gt;> &lt;@u012345678&gt; "
	    "&lt;@U0123456&gt; &lt;@U012345678",
	    "&lt;@U012345678&gt; <b>&lt;@W012345678&gt;</b> <code>&lt;@U012345678&gt;</code> <a href=\"https://a.b\">"
	    "&lt;@U012345678&gt;</a> &lt;@u012345678&gt; &lt;@U0123456&gt; &lt;@U012345678",
	    "<@U012345678> *<@W012345678>* `<@U012345678>` <@U012345678> (https://a.b) <@u012345678> <@U0123456>"
	    " <@U012345678",
	    "<p>&lt;@U012345678&gt; <strong>&lt;@W012345678&gt;</strong> <code>&lt;@U012345678&gt;</code> "
	    "<a href=\"https://a.b\">&lt;@U012345678&gt;</a> &lt;@u012345678&gt; &lt;@U0123456&gt; &lt;@U012345678</p>",
	    "<@U012345678> <@W012345678> <@U012345678> <@U012345678> (https://a.b) <@u012345678> <@U0123456> "
	    "<@U012345678" },
	{ "<!here> <!subteam^S012345678>", "&lt;!here&gt; &lt;!subteam^S012345678&gt;",
	    "&lt;!here&gt; &lt;!subteam^S012345678&gt;", "<!here> <!subteam^S012345678>",
	    "<p>&lt;!here&gt; &lt;!subteam^S012345678&gt;</p>", "<!here> <!subteam^S012345678>" },
	{ "\r[a]: word", "[a]: word", "[a]: word", "[a]: word", "<p>[a]: word</p>", "[a]: word" },
	{ "x\r\r[a]: word", "x\n\n[a]: word", "x\n\n[a]: word", "x\n\n[a]: word",
	    "<p>x</p>\n<p>[a]: word</p>", "x\n\n[a]: word" },
	{ "```x\"onload=\"y\nz\n```", "```\nz\n```", "<pre><code>z</code></pre>", "```z\n```",
	    "<pre><code>z</code></pre>", "z" },
	{ "one\ntwo", "one\ntwo", "one\ntwo", "one\ntwo", "<p>one<br>\ntwo</p>", "one\ntwo" },
	{ "one\n\n\n\ntwo\n", "one\n\ntwo", "one\n\ntwo", "one\n\ntwo", "<p>one</p>\n<p>two</p>",
	    "one\n\ntwo" },
	{ "# T *x* **y**\nz", "*T _x_ y*\n\nz", "<b>T <i>x</i> y</b>\n\nz", "*T _x_ y*\n\nz",
	    "<h1>T <em>x</em> <strong>y</strong></h1>\n<p>z</p>", "T x y\n\nz" },
	{ "[l](https://a.b/?x=1&y=2)", "<https://a.b/?x=1&amp;y=2|l>",
	    "<a href=\"https://a.b/?x=1&amp;y=2\">l</a>", "l (https://a.b/?x=1&y=2)",
	    "<p><a href=\"https://a.b/?x=1&amp;y=2\">l</a></p>", "l (https://a.b/?x=1&y=2)" },
	{ "<https://a.b>", "<https://a.b|https://a.b>", "<a href=\"https://a.b\">https://a.b</a>",
	    "https://a.b", "<p><a href=\"https://a.b\">https://a.b</a></p>", "https://a.b" },
	{ "[x](javascript:alert(1))", "x (javascript:alert(1))", "x (javascript:alert(1))",
	    "x (javascript:alert(1))", "<p>x (javascript:alert(1))</p>",
	    "x (javascript:alert(1))" },
	{ "[](https://a.b)", "<https://a.b|>", "<a href=\"https://a.b\"></a>", "https://a.b",
	    "<p><a href=\"https://a.b\"></a></p>", "https://a.b" },
	{ "[x](https://a.b/\"onclick=1)", "x (https://a.b/\"onclick=1)",
	    "x (https://a.b/\"onclick=1)", "x (https://a.b/\"onclick=1)",
	    "<p>x (https://a.b/&quot;onclick=1)</p>", "x (https://a.b/\"onclick=1)" },
	{ "![p](https://a.b/p.png)", "<https://a.b/p.png|p>", "<a href=\"https://a.b/p.png\">p</a>",
	    "p (https://a.b/p.png)", "<p><a href=\"https://a.b/p.png\">p</a></p>",
	    "p (https://a.b/p.png)" },
	{ "[![p](https://i.b)](https://a.b)", "<https://a.b|p>", "<a href=\"https://a.b\">p</a>",
	    "p (https://a.b)", "<p><a href=\"https://a.b\">p</a></p>", "p (https://a.b)" },
	{ "- a\n- b\n  - c", "\xe2\x80\xa2 a\n\xe2\x80\xa2 b\n  \xe2\x80\xa2 c",
	    "\xe2\x80\xa2 a\n\xe2\x80\xa2 b\n  \xe2\x80\xa2 c", "* a\n* b\n  * c",
	    "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul></li>\n</ul>", "- a\n- b\n  - c" },
	{ "3. a\n4. b", "3. a\n4. b", "3. a\n4. b", "3. a\n4. b",
	    "<ol>\n<li>a</li>\n<li>b</li>\n</ol>", "3. a\n4. b" },
	{ "- a\n\n  p\n- b", "\xe2\x80\xa2 a\n\n  p\n\n\xe2\x80\xa2 b",
	    "\xe2\x80\xa2 a\n\n  p\n\n\xe2\x80\xa2 b", "* a\n\n  p\n\n* b",
	    "<ul>\n<li><p>a</p>\n<p>p</p></li>\n<li><p>b</p></li>\n</ul>", "- a\n\n  p\n\n- b" },
	{ "> q\n> r\n>\n> s\n\nt", "> q\n> r\n>\n> s\n\nt", "<blockquote>q\nr\n\ns</blockquote>\n\nt",
	    "> q\n> r\n>\n> s\n\nt",
	    "<blockquote><p>q<br>\nr</p>\n<p>s</p></blockquote>\n<p>t</p>", "> q\n> r\n>\n> s\n\nt" },
	{ "> a\n> > b", "> a\n>\n> > b", "<blockquote>a\n\nb</blockquote>", "> a\n>\n> > b",
	    "<blockquote><p>a</p>\n<blockquote><p>b</p></blockquote></blockquote>", "> a\n>\n> > b" },
	{ "```c\na < b\n\n  c\n```", "```\na &lt; b\n\n  c\n```",
	    "<pre><code class=\"language-c\">a &lt; b\n\n  c</code></pre>", "```a < b\n\n  c\n```",
	    "<pre><code class=\"language-c\">a &lt; b\n\n  c</code></pre>", "a < b\n\n  c" },
	{ "&copy; &#x1f600; &nope;", "\xc2\xa9 \xf0\x9f\x98\x80 &amp;nope;",
	    "\xc2\xa9 \xf0\x9f\x98\x80 &amp;nope;", "\xc2\xa9 \xf0\x9f\x98\x80 &nope;",
	    "<p>\xc2\xa9 \xf0\x9f\x98\x80 &amp;nope;</p>", "\xc2\xa9 \xf0\x9f\x98\x80 &nope;" },
	{ "a\n\n---\n\nb", "a\n\n\xe2\x80\x94\xe2\x80\x94\xe2\x80\x94\n\nb",
	    "a\n\n\xe2\x80\x94\xe2\x80\x94\xe2\x80\x94\n\nb",
	    "a\n\n\xe2\x80\x94\xe2\x80\x94\xe2\x80\x94\n\nb", "<p>a</p>\n<hr>\n<p>b</p>",
	    "a\n\n\xe2\x80\x94\xe2\x80\x94\xe2\x80\x94\n\nb" },
	{ "[Ann]: hello\n> [x]: y\n\n[Bob]:\n[a][Ann]", "[Ann]: hello\n\n> [x]: y\n\n[Bob]:\n[a][Ann]",
	    "[Ann]: hello\n\n<blockquote>[x]: y</blockquote>\n\n[Bob]:\n[a][Ann]",
	    "[Ann]: hello\n\n> [x]: y\n\n[Bob]:\n[a][Ann]",
	    "<p>[Ann]: hello</p>\n<blockquote><p>[x]: y</p></blockquote>\n<p>[Bob]:<br>\n[a][Ann]</p>",
	    "[Ann]: hello\n\n> [x]: y\n\n[Bob]:\n[a][Ann]" },
	{ "<std::string> `[x]: <a:b>`", "&lt;std::string&gt; `[x]: &lt;a:b&gt;`",
	    "&lt;std::string&gt; <code>[x]: &lt;a:b&gt;</code>", "<std::string> `[x]: <a:b>`",
	    "<p>&lt;std::string&gt; <code>[x]: &lt;a:b&gt;</code></p>",
	    "<std::string> [x]: <a:b>" },
	{ "```\n[x]: y\n```", "```\n[x]: y\n```", "<pre><code>[x]: y</code></pre>", "```[x]: y\n```",
	    "<pre><code>[x]: y</code></pre>", "[x]: y" },
	{ "**[l](https://a.b)**", "*<https://a.b|l>*", "<b><a href=\"https://a.b\">l</a></b>",
	    "*l (https://a.b)*", "<p><strong><a href=\"https://a.b\">l</a></strong></p>",
	    "l (https://a.b)" },
	{ "    four spaces", "four spaces", "four spaces", "four spaces", "<p>four spaces</p>",
	    "four spaces" },
};

static const struct {
	enum markdown_dialect	 dialect;
	const char		*from, *want;
} from[] = {
	{ MARKDOWN_SLACK, "", "" },
	{ MARKDOWN_SLACK, FAMILY " " HEBREW, FAMILY " " HEBREW },
	{ MARKDOWN_SLACK, "*b* _i_ ~s~ `*c*`", "**b** _i_ ~~s~~ `*c*`" },
	{ MARKDOWN_SLACK, "2*3*4 * x * a*", "2*3*4 * x * a*" },
	{ MARKDOWN_SLACK, "*open\nb* c", "*open\nb* c" },
	{ MARKDOWN_SLACK, "<https://a.b|l> <https://c.d> <mailto:x@y.z|x@y.z>",
	    "[l](https://a.b) <https://c.d> [x@y.z](mailto:x@y.z)" },
	{ MARKDOWN_SLACK, "<@U1> <@U1|bob> <#C1|general> <#C1> <!here> <!subteam^S1|@team>",
	    "@U1 @bob #general #C1 @here @team" },
	{ MARKDOWN_SLACK, "a &lt; b &amp;amp; c < d", "a < b &amp; c < d" },
	{ MARKDOWN_SLACK, "```a *b*\n&lt;c&gt;``` d", "```a *b*\n<c>``` d" },
	{ MARKDOWN_SLACK, "\xe2\x80\xa2 a\n\xe2\x80\xa2 b \xe2\x80\xa2 c",
	    "- a\n- b \xe2\x80\xa2 c" },
	{ MARKDOWN_SLACK, "` <", "` <" },
	{ MARKDOWN_SLACK, "\xe2\x82\xac \xe2\x80\x94", "\xe2\x82\xac \xe2\x80\x94" },
	{ MARKDOWN_HTML, "", "" },
	{ MARKDOWN_HTML, "<p>" FAMILY " " HEBREW "</p>", FAMILY " " HEBREW },
	{ MARKDOWN_HTML, "<p>a <b>b <i>c</i></b>&nbsp;d</p><p>e<br/>f\n  g</p>",
	    "a **b _c_**\xc2\xa0""d\n\ne\nf g" },
	{ MARKDOWN_HTML, "<UL><LI>a<LI>b<OL><LI>c</OL></UL>d", "- a\n- b\n  1. c\n\nd" },
	{ MARKDOWN_HTML, "<a href='https://a.b/?x=1&amp;y=2'>l</a> <a>n</a> <a href=x><a href=y>z</a></a>",
	    "[l](https://a.b/?x=1&y=2) n [z](x)" },
	{ MARKDOWN_HTML, "<div>Hi <at id=\"0\">Bob</at></div><attachment id=\"1\"></attachment>",
	    "Hi @Bob\n\n[attachment]" },
	{ MARKDOWN_HTML, "<img src=x alt=\"a > b\"><emoji alt=\"\xf0\x9f\x98\x80\"></emoji>",
	    "![a > b]\xf0\x9f\x98\x80" },
	{ MARKDOWN_HTML, "a<script>alert('</p>')</script><style>p{}</style>b<!-- <p> -->c", "abc" },
	{ MARKDOWN_HTML, "<script>never ends", "" },
	{ MARKDOWN_HTML, "<mx-reply><blockquote>old</blockquote></mx-reply>new", "new" },
	{ MARKDOWN_HTML, "<pre><code>a\n  b &lt;\n</code></pre>c", "```\na\n  b <\n```\n\nc" },
	{ MARKDOWN_HTML, "<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc" },
	{ MARKDOWN_HTML, "<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>",
	    "a | b\nc" },
	{ MARKDOWN_HTML, "<h2>T</h2><hr>x", "## T\n\n---\n\nx" },
	{ MARKDOWN_HTML, "1 < 2 <u>under</u> <custom a=\"<b>\">kept</custom> <b", "1 < 2 under kept <b" },
	{ MARKDOWN_HTML, "</b></ul></a></pre></blockquote>x", "**\n\nx" },
};

static void
run_to(void)
{
	struct buf out;
	size_t i, d;

	for (i = 0; i < sizeof to / sizeof to[0]; i++)
		for (d = 0; d < MARKDOWN_DIALECTS; d++) {
			buf_init(&out, 4096);
			CHECK(markdown_to(&out, (enum markdown_dialect)d, to[i][0]) == 0 &&
			    strcmp(buf_str(&out), to[i][1 + d]) == 0, "%s in %zu: %s", to[i][0], d,
			    buf_str(&out));
			buf_finish(&out);
		}
}

static void
run_from(void)
{
	struct buf out;
	size_t i;

	for (i = 0; i < sizeof from / sizeof from[0]; i++) {
		buf_init(&out, 4096);
		CHECK(markdown_from(&out, from[i].dialect, from[i].from) == 0 &&
		    strcmp(buf_str(&out), from[i].want) == 0, "%s: %s", from[i].from,
		    buf_str(&out));
		buf_finish(&out);
	}
}

/* What is longer than may be fails, and is not half of it. */
static void
run_limits(void)
{
	struct buf out;
	size_t d;

	for (d = 0; d < MARKDOWN_DIALECTS; d++) {
		buf_init(&out, 10);
		CHECK(markdown_to(&out, (enum markdown_dialect)d, "**0123456789abc**") == -1, "%zu",
		    d);
		buf_finish(&out);
	}
	buf_init(&out, 10);
	CHECK(markdown_from(&out, MARKDOWN_HTML, "<b>0123456789</b>") == -1, "html");
	buf_finish(&out);
}

/* A link that is too long to lead anywhere is text, all of it. */
static void
run_long_link(void)
{
	static char text[20000];
	enum markdown_dialect d;
	struct buf out;

	memset(text, 'a', sizeof text - 1);
	memcpy(text, "[l](https://a.b/", 16);
	memcpy(text + sizeof text - 5, "end)", 4);
	for (d = 0; d < MARKDOWN_DIALECTS; d++) {
		buf_init(&out, 64 << 20);
		CHECK(markdown_to(&out, d, text) == 0 && strstr(buf_str(&out), "aend)") != NULL &&
		    strstr(buf_str(&out), "<a") == NULL && out.len >= sizeof text - 2, "%u: %zu", d,
		    out.len);
		buf_finish(&out);
	}
}

/* Much nonsense of one kind: what took the square of its length would not end in time. */
static void
run_nonsense(void)
{
	static const char *const units[] = {
		"*", "*a ", "*a", "[", "![", "<", "<a", "<a b='", ">", "`", "~", "- ", "_", "&", "&#",
		"<p>", "<ul><li>", "<blockquote>", "<script>", "</", "<!--", "a*", "<b ", "\n> ",
	};
	size_t i, d, at, unit, n = 262144;
	struct buf out;
	char *text = malloc(n + 1);
	int result;

	for (i = 0; text != NULL && i < sizeof units / sizeof units[0]; i++) {
		unit = strlen(units[i]);
		for (at = 0; at + unit <= n; at += unit)
			memcpy(text + at, units[i], unit);
		text[at] = '\0';
		for (d = 0; d < MARKDOWN_DIALECTS; d++) {
			buf_init(&out, 64 << 20);
			result = markdown_to(&out, (enum markdown_dialect)d, text);
			CHECK(result == 0, "%s in %zu", units[i], d);
			buf_finish(&out);
			if (!markdown_reads((enum markdown_dialect)d))
				continue;
			buf_init(&out, 64 << 20);
			result = markdown_from(&out, (enum markdown_dialect)d, text);
			CHECK(result == 0, "%s from %zu", units[i], d);
			buf_finish(&out);
		}
	}
	free(text);
}

/* The same of as much as a service may answer, whose members may be anybody's. */
static void
run_hostile(void)
{
	static const char *const texts[][2] = {
		{ "", "</a" }, { "", "</a \"" }, { "", "a<b>" }, { "", "<b" }, { "", "</" },
		{ "<script>", "</script" }, { "<script>", "</script \"" }, { "", "~*" }, { "", "`*" },
		{ "", "*a" },
	};
	size_t i, at, unit, n = 4 << 20;
	enum markdown_dialect d;
	struct buf out;
	char *text = malloc(n + 1);

	for (i = 0; text != NULL && i < sizeof texts / sizeof texts[0]; i++) {
		at = strlen(texts[i][0]);
		unit = strlen(texts[i][1]);
		memcpy(text, texts[i][0], at);
		for (; at + unit <= n; at += unit)
			memcpy(text + at, texts[i][1], unit);
		text[at] = '\0';
		for (d = 0; d < MARKDOWN_DIALECTS; d++) {
			buf_init(&out, 64 << 20);
			CHECK(!markdown_reads(d) || markdown_from(&out, d, text) == 0, "%s%s from %u",
			    texts[i][0], texts[i][1], d);
			buf_finish(&out);
		}
	}
	free(text);
}

int
main(void)
{
	CHECK(markdown_dialect("html") == MARKDOWN_HTML &&
	    markdown_dialect("x") == MARKDOWN_DIALECTS, "names");
	run_to();
	run_from();
	run_limits();
	run_long_link();
	run_nonsense();
	run_hostile();
	return check_done();
}

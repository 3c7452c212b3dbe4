/* SPDX-License-Identifier: MIT */
/*
 * test_content.c - mcp/content: what of a service's own results is passed on, what is taken out,
 * what is refused and where; and every value of every good one made something else.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "mcp/capability.h"
#include "mcp/content.h"
#include "wire/json.h"

#define PNG	"iVBORw0KGgo="
#define STRANGE	"Zq7"		/* in values and names of messages; never in what is said of them */
#define TEXT	"{\"type\":\"text\",\"text\":\"hi\"}"
#define NEEDS(x) CAPABILITY_ ## x

enum kind { TOOL, PROMPT, RESOURCE, ASKED, BLOCK, ICONS, INPUT };

static const struct {
	enum kind	 kind;
	const char	*in;
	const char	*want;		/* NULL: the same */
	unsigned	 needs;
} good[] = {
	{ TOOL, "{\"content\":[]}", NULL, 0 },
	{ TOOL, "{\"content\":[" TEXT "],\"isError\":true}", NULL, 0 },
	{ TOOL, "{\"content\":[],\"structuredContent\":{\"a\":[1.50,{\"b\":\"c\"}],\"n\":12345678901234567890}}",
	    NULL, 0 },
	{ TOOL, "{\"content\":[],\"structuredContent\":{\"a\":\"x\\u202ey\",\"n\":null}}",
	    "{\"content\":[],\"structuredContent\":{\"a\":\"xy\",\"n\":null}}", 0 },
	{ TOOL, "{\"_meta\":{\"a\":1},\"resultType\":\"complete\",\"content\":[{\"type\":\"text\",\"_meta\":{},"
	    "\"text\":\"a\\u200bb\\u0000\\u001b[1m\",\"more\":[]}],\"structuredContent\":null,\"other\":7}",
	    "{\"content\":[{\"type\":\"text\",\"text\":\"ab[1m\"}]}", 0 },

	{ PROMPT, "{\"messages\":[]}", NULL, 0 },
	{ PROMPT, "{\"description\":\"d\\u2066\",\"messages\":[{\"role\":\"user\",\"content\":" TEXT "},"
	    "{\"role\":\"assistant\",\"content\":{\"type\":\"image\",\"data\":\"" PNG "\",\"mimeType\":\"image/png\"}}]}",
	    "{\"description\":\"d\",\"messages\":[{\"role\":\"user\",\"content\":" TEXT "},"
	    "{\"role\":\"assistant\",\"content\":{\"type\":\"image\",\"data\":\"" PNG "\",\"mimeType\":\"image/png\"}}]}", 0 },

	{ RESOURCE, "{\"contents\":[{\"uri\":\"test://a\",\"text\":\"\"}]}", NULL, 0 },
	{ RESOURCE, "{\"ttlMs\":5,\"contents\":[{\"uri\":\"test://a\",\"mimeType\":\"text/plain; charset=utf-8\","
	    "\"text\":\"a\\u202eb\",\"blob\":null},{\"uri\":\"urn:b\",\"blob\":\"" PNG "\",\"name\":\"n\"}]}",
	    "{\"contents\":[{\"uri\":\"test://a\",\"mimeType\":\"text/plain; charset=utf-8\",\"text\":\"ab\"},"
	    "{\"uri\":\"urn:b\",\"blob\":\"" PNG "\"}]}", 0 },
	{ ASKED, "{\"contents\":[{\"text\":\"a\"},{\"uri\":null,\"blob\":\"\"},{\"uri\":\"x:y\",\"text\":\"b\"}]}",
	    "{\"contents\":[{\"text\":\"a\",\"uri\":\"test://asked\"},{\"blob\":\"\",\"uri\":\"test://asked\"},"
	    "{\"uri\":\"x:y\",\"text\":\"b\"}]}", 0 },

	{ BLOCK, TEXT, NULL, 0 },
	{ BLOCK, "{\"type\":\"text\",\"text\":\"\",\"annotations\":{\"audience\":[\"user\",\"assistant\"],\"priority\":0.5,"
	    "\"lastModified\":\"2026-01-31T09:30:00Z\"}}", NULL, 0 },
	{ BLOCK, "{\"type\":\"text\",\"text\":\"\",\"annotations\":{\"priority\":1,\"title\":\"t\",\"audience\":null}}",
	    "{\"type\":\"text\",\"text\":\"\",\"annotations\":{\"priority\":1}}", 0 },
	{ BLOCK, "{\"type\":\"audio\",\"data\":\"UklG\",\"mimeType\":\"audio/wav\",\"annotations\":{}}", NULL, 0 },
	{ BLOCK, "{\"type\":\"resource\",\"resource\":{\"uri\":\"test://r\",\"text\":\"t\"},\"annotations\":{\"priority\":0}}",
	    NULL, 0 },
	{ BLOCK, "{\"type\":\"resource\",\"resource\":{\"uri\":\"test://r\",\"mimeType\":\"image/png\",\"blob\":\"" PNG "\"}}",
	    NULL, 0 },
	{ BLOCK, "{\"type\":\"resource_link\",\"uri\":\"file:///a%20b\",\"name\":\"a\\u202e\",\"title\":\"\\u200bt\",\"description\":"
	    "\"d\\u00ad\",\"mimeType\":\"text/markdown\",\"size\":0,\"icons\":[]}",
	    "{\"type\":\"resource_link\",\"uri\":\"file:///a%20b\",\"name\":\"a\",\"title\":\"t\",\"description\":"
	    "\"d\",\"mimeType\":\"text/markdown\",\"size\":0,\"icons\":[]}", 0 },

	{ ICONS, "[]", NULL, 0 },
	{ ICONS, "[{\"src\":\"https://example.com/i.png\",\"mimeType\":\"image/png\",\"sizes\":[\"48x48\",\"any\"],"
	    "\"theme\":\"dark\"},{\"src\":\"HTTPS://example.com\",\"theme\":\"light\"}]", NULL, 0 },
	{ ICONS, "[{\"src\":\"data:image/png;base64," PNG "\",\"sizes\":[]},{\"src\":\"data:image/svg+xml,%3Csvg%2F%3E\"}]",
	    NULL, 0 },

	{ INPUT, "{}", NULL, 0 },
	{ INPUT, "{\"r\":{\"method\":\"roots/list\"}}", NULL, NEEDS(ROOTS) },
	{ INPUT, "{\"r\":{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"roots/list\",\"params\":{\"_meta\":{}}}}",
	    "{\"r\":{\"method\":\"roots/list\",\"params\":{}}}", NEEDS(ROOTS) },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"message\":\"m\\u202e\",\"requestedSchema\":"
	    "{\"type\":\"object\",\"properties\":{}}}}}",
	    "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"message\":\"m\",\"requestedSchema\":"
	    "{\"type\":\"object\",\"properties\":{}}}}}", NEEDS(ELICITATION) },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"form\",\"message\":\"m\",\"requestedSchema\":"
	    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\",\"properties\":{"
	    "\"s\":{\"type\":\"string\",\"title\":\"t\",\"description\":\"d\",\"minLength\":1,\"maxLength\":9,"
	    "\"format\":\"email\",\"default\":\"x\"},"
	    "\"n\":{\"type\":\"number\",\"minimum\":-0.5,\"maximum\":1e3,\"default\":0},"
	    "\"i\":{\"type\":\"integer\",\"default\":3},\"b\":{\"type\":\"boolean\",\"default\":false},"
	    "\"e1\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"],\"default\":\"a\"},"
	    "\"e2\":{\"type\":\"string\",\"oneOf\":[{\"const\":\"a\",\"title\":\"A\"}]},"
	    "\"e3\":{\"type\":\"string\",\"enum\":[\"a\"],\"enumNames\":[\"A\"]},"
	    "\"e4\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,\"items\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"]},"
	    "\"default\":[\"b\"]},"
	    "\"e5\":{\"type\":\"array\",\"items\":{\"anyOf\":[{\"const\":\"a\",\"title\":\"A\"}]}}},"
	    "\"required\":[\"s\",\"e5\"]}}}}", NULL, NEEDS(ELICITATION) },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":null,\"message\":\"m\",\"requestedSchema\":"
	    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{\"type\":\"boolean\",\"x\":1}}}}}}",
	    "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"message\":\"m\",\"requestedSchema\":"
	    "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"boolean\"}}}}}}", NEEDS(ELICITATION) },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"url\",\"message\":\"m\",\"url\":"
	    "\"https://example.com/agree?x=1\",\"elicitationId\":\"e1\"}}}", NULL, NEEDS(ELICITATION_URL) },
	{ INPUT, "{\"s\":{\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[],\"maxTokens\":100}}}", NULL,
	    NEEDS(SAMPLING) },
	{ INPUT, "{\"s\":{\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[{\"role\":\"user\",\"content\":" TEXT
	    "},{\"role\":\"assistant\",\"content\":[" TEXT ",{\"type\":\"audio\",\"data\":\"\",\"mimeType\":\"audio/ogg\"}]}],"
	    "\"maxTokens\":100,\"systemPrompt\":\"p\",\"temperature\":0.1,\"stopSequences\":[\"END\"],\"modelPreferences\":"
	    "{\"hints\":[{\"name\":\"small\"}],\"costPriority\":0,\"speedPriority\":0.5,\"intelligencePriority\":1},"
	    "\"includeContext\":\"none\",\"metadata\":{\"a\":[]}}}}", NULL, NEEDS(SAMPLING) },
	{ INPUT, "{\"s\":{\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[],\"maxTokens\":1,"
	    "\"includeContext\":\"allServers\"}}}", NULL, NEEDS(SAMPLING) | NEEDS(SAMPLING_CONTEXT) },
	{ INPUT, "{\"s\":{\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[],\"maxTokens\":1,\"tools\":["
	    "{\"name\":\"t\",\"title\":\"T\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"a\":"
	    "{\"enum\":[\"x\"]}}},\"outputSchema\":{\"type\":\"object\"},\"annotations\":{\"title\":\"a\",\"readOnlyHint\":true,"
	    "\"destructiveHint\":false,\"idempotentHint\":true,\"openWorldHint\":false},\"icons\":[{\"src\":\"https://a.b/\"}]}],"
	    "\"toolChoice\":{\"mode\":\"auto\"}}}}", NULL, NEEDS(SAMPLING) | NEEDS(SAMPLING_TOOLS) },
	{ INPUT, "{\"s\":{\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[],\"maxTokens\":1,"
	    "\"toolChoice\":{}}}}", NULL, NEEDS(SAMPLING) | NEEDS(SAMPLING_TOOLS) },
	{ INPUT, "{\"s\":{\"method\":\"sampling/createMessage\",\"params\":{\"maxTokens\":1,\"messages\":[{\"role\":\"assistant\","
	    "\"content\":[{\"type\":\"tool_use\",\"id\":\"u\",\"name\":\"t\",\"input\":{\"a\":1}}]},{\"role\":\"user\",\"content\":"
	    "{\"type\":\"tool_result\",\"toolUseId\":\"u\",\"content\":[" TEXT "],\"structuredContent\":{},\"isError\":false}}]}}}",
	    NULL, NEEDS(SAMPLING) | NEEDS(SAMPLING_TOOLS) },
	{ INPUT, "{\"a\":{\"method\":\"roots/list\"},\"\xc3\xa4\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"url\","
	    "\"message\":\"\",\"url\":\"https://a.b\"}}}", NULL, NEEDS(ROOTS) | NEEDS(ELICITATION_URL) },
};

#define FORM(properties, more) "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"message\":\"m\",\"requestedSchema\":" \
	"{\"type\":\"object\",\"properties\":" properties more "}}}}"
#define FIELD(field)	FORM("{\"" STRANGE "\":" field "}", "")
#define IN_FORM		"/0/params/requestedSchema/properties/0"
#define SAMPLE(more)	"{\"q\":{\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[],\"maxTokens\":1," more "}}}"
#define TURN(content)	"{\"q\":{\"method\":\"sampling/createMessage\",\"params\":{\"maxTokens\":1,\"messages\":[{\"role\":\"user\"," \
	"\"content\":" content "}]}}}"
#define LINK(more)	"{\"type\":\"resource_link\",\"uri\":\"a:b\",\"name\":\"n\"," more "}"
#define ICON(src)	"[{\"src\":\"" src "\"}]"
#define NAME_16		"nnnnnnnnnnnnnnnn"
#define NAME_128	NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16

static const struct {
	enum kind	 kind;
	const char	*in;
	const char	*place;
	const char	*why;
} bad[] = {
	{ TOOL, "[]", "", "must be an object" },
	{ TOOL, "{}", "", "must have \"content\"" },
	{ TOOL, "{\"content\":null}", "", "must have \"content\"" },
	{ TOOL, "{\"content\":\"" STRANGE "\"}", "/content", "must be a list of blocks" },
	{ TOOL, "{\"content\":[" TEXT ",\"" STRANGE "\"]}", "/content/1", "must be a block in an object" },
	{ TOOL, "{\"content\":[null]}", "/content/0", "must be a block" },
	{ TOOL, "{\"content\":[],\"structuredContent\":[]}", "/structuredContent", "must be an object" },
	{ TOOL, "{\"content\":[],\"isError\":\"" STRANGE "\"}", "/isError", "must be true or false" },
	{ TOOL, "{\"content\":[{\"type\":\"text\",\"text\":\"\",\"annotations\":{\"priority\":2}}]}",
	    "/content/0/annotations/priority", "must be a number from 0 to 1" },

	{ PROMPT, "{\"description\":\"d\"}", "", "must have \"messages\"" },
	{ PROMPT, "{\"messages\":{}}", "/messages", "must be a list of messages" },
	{ PROMPT, "{\"messages\":[{\"role\":\"system\",\"content\":" TEXT "}]}", "/messages/0/role",
	    "must be \"user\" or \"assistant\"" },
	{ PROMPT, "{\"messages\":[{\"content\":" TEXT "}]}", "/messages/0", "must have \"role\"" },
	{ PROMPT, "{\"messages\":[{\"role\":\"user\"}]}", "/messages/0", "must have \"content\"" },
	{ PROMPT, "{\"messages\":[{\"role\":\"user\",\"content\":[" TEXT "]}]}", "/messages/0/content", "must be a block" },
	{ PROMPT, "{\"messages\":[],\"description\":7}", "/description", "must be a text" },

	{ RESOURCE, "{}", "", "must have \"contents\"" },
	{ ASKED, "{\"contents\":[]}", "/contents", "must have at least 1" },
	{ RESOURCE, "{\"contents\":[{\"text\":\"a\"}]}", "/contents/0", "must have \"uri\"" },
	{ ASKED, "{\"contents\":[{\"uri\":7,\"text\":\"a\"}]}", "/contents/0/uri", "must be an absolute URI" },
	{ ASKED, "{\"contents\":[{\"uri\":\"" STRANGE "\",\"text\":\"a\"}]}", "/contents/0/uri", "must be an absolute URI" },
	{ ASKED, "{\"contents\":[[]]}", "/contents/0", "must be an object" },
	{ ASKED, "{\"contents\":[{}]}", "/contents/0", "must have one of \"text\" and \"blob\"" },
	{ ASKED, "{\"contents\":[{\"text\":\"a\",\"blob\":\"\"}]}", "/contents/0", "must have one of \"text\" and \"blob\"" },
	{ ASKED, "{\"contents\":[{\"blob\":\"" STRANGE "\"},{}]}", "/contents/0/blob", "must be base64" },
	{ ASKED, "{\"contents\":[{\"text\":\"\"},{\"text\":\"\",\"mimeType\":\"" STRANGE "\"}]}", "/contents/1/mimeType",
	    "must be a media type" },

	{ BLOCK, "\"" STRANGE "\"", "", "must be a block" },
	{ BLOCK, "{}", "/type", "must be \"text\", \"image\", \"audio\", \"resource\" or \"resource_link\"" },
	{ BLOCK, "{\"type\":\"" STRANGE "\"}", "/type", "must be \"text\", " },
	{ BLOCK, "{\"type\":7}", "/type", "must be \"text\", " },
	{ BLOCK, "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"n\",\"input\":{}}", "/type", "must be \"text\", " },
	{ BLOCK, "{\"type\":\"text\"}", "", "must have \"text\"" },
	{ BLOCK, "{\"type\":\"text\",\"Text\":\"" STRANGE "\"}", "", "must have \"text\"" },
	{ BLOCK, "{\"type\":\"image\",\"mimeType\":\"image/png\"}", "", "must have \"data\"" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"\"}", "", "must have \"mimeType\"" },
	{ BLOCK, "{\"type\":\"image\",\"data\":7,\"mimeType\":\"image/png\"}", "/data", "must be base64" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"AA\",\"mimeType\":\"image/png\"}", "/data", "must be base64" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"AB==\",\"mimeType\":\"image/png\"}", "/data", "must be base64" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"AA\\nAA\",\"mimeType\":\"image/png\"}", "/data", "must be base64" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"AA-_\",\"mimeType\":\"image/png\"}", "/data", "must be base64" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"\",\"mimeType\":\"image\"}", "/mimeType", "must be a media type" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"\",\"mimeType\":\"image/\"}", "/mimeType", "must be a media type" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"\",\"mimeType\":\"/png\"}", "/mimeType", "must be a media type" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"\",\"mimeType\":\"image/png more\"}", "/mimeType", "must be a media type" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"\",\"mimeType\":\"image/png;\\n\"}", "/mimeType", "must be a media type" },
	{ BLOCK, "{\"type\":\"image\",\"data\":\"\",\"mimeType\":\"image/png;\\u202e\"}", "/mimeType", "must be a media type" },
	{ BLOCK, "{\"type\":\"resource\"}", "", "must have \"resource\"" },
	{ BLOCK, "{\"type\":\"resource\",\"resource\":\"a:b\"}", "/resource", "must be an object" },
	{ BLOCK, "{\"type\":\"resource\",\"resource\":{\"text\":\"\"}}", "/resource", "must have \"uri\"" },
	{ BLOCK, "{\"type\":\"resource_link\",\"name\":\"n\"}", "", "must have \"uri\"" },
	{ BLOCK, "{\"type\":\"resource_link\",\"uri\":\"a:b\"}", "", "must have \"name\"" },
	{ BLOCK, "{\"type\":\"resource_link\",\"uri\":\"a b:c\",\"name\":\"n\"}", "/uri", "must be an absolute URI" },
	{ BLOCK, LINK("\"size\":-1"), "/size", "must be a whole number, 0 or more" },
	{ BLOCK, LINK("\"size\":1.5"), "/size", "must be a whole number" },
	{ BLOCK, LINK("\"icons\":{}"), "/icons", "must be a list of icons" },
	{ BLOCK, LINK("\"icons\":[{\"src\":\"http://a.b/\"}]"), "/icons/0/src", "must be an https: or data: URI" },
	{ BLOCK, LINK("\"annotations\":[]"), "/annotations", "must be an object" },
	{ BLOCK, LINK("\"annotations\":{\"audience\":\"user\"}"), "/annotations/audience", "must be a list of roles" },
	{ BLOCK, LINK("\"annotations\":{\"audience\":[\"" STRANGE "\"]}"), "/annotations/audience/0", "must be \"user\"" },
	{ BLOCK, LINK("\"annotations\":{\"priority\":-0.1}"), "/annotations/priority", "must be a number from 0 to 1" },
	{ BLOCK, LINK("\"annotations\":{\"priority\":true}"), "/annotations/priority", "must be a number from 0 to 1" },
	{ BLOCK, LINK("\"annotations\":{\"lastModified\":\"2026-01-31\"}"), "/annotations/lastModified",
	    "must be a date-time" },

	{ ICONS, "{}", "", "must be a list of icons" },
	{ ICONS, "[" "\"https://a.b/\"]", "/0", "must be an icon in an object" },
	{ ICONS, "[{}]", "/0", "must have \"src\"" },
	{ ICONS, ICON("http://example.com/"), "/0/src", "must be an https: or data: URI of an image" },
	{ ICONS, ICON("https://"), "/0/src", "must be an https:" },
	{ ICONS, ICON("https://:443/"), "/0/src", "must be an https:" },
	{ ICONS, ICON("https:/a"), "/0/src", "must be an https:" },
	{ ICONS, ICON("https://a b/"), "/0/src", "must be an https:" },
	{ ICONS, ICON("javascript:alert(1)"), "/0/src", "must be an https:" },
	{ ICONS, ICON("data:text/html,a"), "/0/src", "must be an https:" },
	{ ICONS, ICON("data:image/png"), "/0/src", "must be an https:" },
	{ ICONS, ICON("data:image/png;base64,AA"), "/0/src", "must be an https:" },
	{ ICONS, "[{\"src\":7}]", "/0/src", "must be an https:" },
	{ ICONS, "[{\"src\":\"https://a.b\",\"sizes\":\"any\"}]", "/0/sizes", "must be a list of sizes" },
	{ ICONS, "[{\"src\":\"https://a.b\",\"sizes\":[\"any\",\"48\"]}]", "/0/sizes/1", "must be WIDTHxHEIGHT" },
	{ ICONS, "[{\"src\":\"https://a.b\",\"sizes\":[\"48xx48\"]}]", "/0/sizes/0", "must be WIDTHxHEIGHT" },
	{ ICONS, "[{\"src\":\"https://a.b\",\"theme\":\"" STRANGE "\"}]", "/0/theme", "must be \"light\" or \"dark\"" },

	{ INPUT, "[]", "", "must be an object" },
	{ INPUT, "{\"" STRANGE "\":7}", "/0", "must be a request in an object" },
	{ INPUT, "{\"q\":null}", "/0", "must be a request in an object" },
	{ INPUT, "{\"a\":{\"method\":\"roots/list\"},\"" STRANGE "\":{\"method\":\"" STRANGE "\"}}", "/1/method",
	    "must be \"elicitation/create\", \"sampling/createMessage\" or \"roots/list\"" },
	{ INPUT, "{\"\":{\"method\":\"roots/list\"}}", "/0", "must have a name of 1 to 128 characters" },
	{ INPUT, "{\"" NAME_128 "n\":{\"method\":\"roots/list\"}}", "/0", "must have a name of 1 to 128 characters" },
	{ INPUT, "{\"" STRANGE "\\u202e\":{\"method\":\"roots/list\"}}", "/0", "must not have control" },
	{ INPUT, "{\"q\":{\"method\":\"roots/list\",\"params\":[]}}", "/0/params", "must be an object" },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\"}}", "/0", "must have \"params\"" },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"" STRANGE "\"}}}", "/0/params/mode",
	    "must be \"form\" or \"url\"" },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"message\":\"m\"}}}", "/0/params",
	    "must have \"requestedSchema\"" },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"requestedSchema\":{\"type\":\"object\",\"properties\":{}}}}}",
	    "/0/params", "must have \"message\"" },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"url\",\"message\":\"m\"}}}", "/0/params",
	    "must have \"url\"" },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"url\",\"message\":\"m\",\"url\":\"http://a.b\"}}}",
	    "/0/params/url", "must be an https: URL" },
	{ INPUT, "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"message\":\"m\",\"requestedSchema\":{\"type\":\"string\","
	    "\"properties\":{}}}}}", "/0/params/requestedSchema/type", "must be \"object\"" },
	{ INPUT, FORM("[]", ""), "/0/params/requestedSchema/properties", "must be an object" },
	{ INPUT, FORM("{}", ",\"required\":\"a\""), "/0/params/requestedSchema/required", "must be a list of texts" },
	{ INPUT, FORM("{}", ",\"required\":[7]"), "/0/params/requestedSchema/required/0", "must be a text" },
	{ INPUT, FORM("{}", ",\"required\":[\"" STRANGE "\"]"), "/0/params/requestedSchema",
	    "\"required\" must have names of \"properties\" only" },
	{ INPUT, FORM("{\"" STRANGE "\\u200b\":{\"type\":\"boolean\"}}", ""), IN_FORM, "must not have control" },
	{ INPUT, FIELD("true"), IN_FORM, "must be a schema in an object" },
	{ INPUT, FIELD("{}"), IN_FORM "/type", "must be \"string\", \"number\", \"integer\", \"boolean\" or \"array\"" },
	{ INPUT, FIELD("{\"type\":\"object\",\"properties\":{}}"), IN_FORM "/type", "must be \"string\", " },
	{ INPUT, FIELD("{\"type\":[\"string\",\"null\"]}"), IN_FORM "/type", "must be \"string\", " },
	{ INPUT, FIELD("{\"type\":\"string\",\"format\":\"" STRANGE "\"}"), IN_FORM "/format", "must be \"date\", " },
	{ INPUT, FIELD("{\"type\":\"string\",\"minLength\":-1}"), IN_FORM "/minLength", "must be a whole number" },
	{ INPUT, FIELD("{\"type\":\"string\",\"default\":7}"), IN_FORM "/default", "must be a text" },
	{ INPUT, FIELD("{\"type\":\"string\",\"enum\":[]}"), IN_FORM "/enum", "must have at least 1" },
	{ INPUT, FIELD("{\"type\":\"string\",\"enum\":[\"a\",7]}"), IN_FORM "/enum/1", "must be a text" },
	{ INPUT, FIELD("{\"type\":\"string\",\"enum\":[\"" STRANGE "\\u202e\"]}"), IN_FORM "/enum/0", "must not have control" },
	{ INPUT, FIELD("{\"type\":\"string\",\"enum\":[\"a\\u2028\"]}"), IN_FORM "/enum/0", "must not have control" },
	{ INPUT, FIELD("{\"type\":\"string\",\"enum\":[\"a\"],\"enumNames\":[\"A\",\"B\"]}"), IN_FORM,
	    "\"enumNames\" must have as many as \"enum\"" },
	{ INPUT, FIELD("{\"type\":\"string\",\"enumNames\":[\"A\"]}"), IN_FORM, "\"enumNames\" must have as many" },
	{ INPUT, FIELD("{\"type\":\"string\",\"enum\":[\"a\"],\"oneOf\":[{\"const\":\"a\",\"title\":\"A\"}]}"), IN_FORM,
	    "must have at most one of \"enum\" and \"oneOf\"" },
	{ INPUT, FIELD("{\"type\":\"string\",\"oneOf\":[{\"const\":\"a\"}]}"), IN_FORM "/oneOf/0", "must have \"title\"" },
	{ INPUT, FIELD("{\"type\":\"string\",\"oneOf\":[\"a\"]}"), IN_FORM "/oneOf/0", "must be a choice in an object" },
	{ INPUT, FIELD("{\"type\":\"number\",\"minimum\":\"0\"}"), IN_FORM "/minimum", "must be a number" },
	{ INPUT, FIELD("{\"type\":\"boolean\",\"default\":\"true\"}"), IN_FORM "/default", "must be true or false" },
	{ INPUT, FIELD("{\"type\":\"array\"}"), IN_FORM, "must have \"items\"" },
	{ INPUT, FIELD("{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"), IN_FORM "/items",
	    "must have one of \"enum\" and \"anyOf\"" },
	{ INPUT, FIELD("{\"type\":\"array\",\"items\":{\"type\":\"number\",\"enum\":[\"1\"]}}"), IN_FORM "/items/type",
	    "must be \"string\"" },
	{ INPUT, FIELD("{\"type\":\"array\",\"items\":{\"enum\":[\"a\"]},\"default\":\"a\"}"), IN_FORM "/default",
	    "must be a list of texts" },
	{ INPUT, "{\"q\":{\"method\":\"sampling/createMessage\",\"params\":{\"maxTokens\":1}}}", "/0/params",
	    "must have \"messages\"" },
	{ INPUT, "{\"q\":{\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[]}}}", "/0/params",
	    "must have \"maxTokens\"" },
	{ INPUT, SAMPLE("\"temperature\":\"" STRANGE "\""), "/0/params/temperature", "must be a number" },
	{ INPUT, SAMPLE("\"stopSequences\":[7]"), "/0/params/stopSequences/0", "must be a text" },
	{ INPUT, SAMPLE("\"includeContext\":\"" STRANGE "\""), "/0/params/includeContext",
	    "must be \"none\", \"thisServer\" or \"allServers\"" },
	{ INPUT, SAMPLE("\"modelPreferences\":{\"costPriority\":2}"), "/0/params/modelPreferences/costPriority",
	    "must be a number from 0 to 1" },
	{ INPUT, SAMPLE("\"modelPreferences\":{\"hints\":[\"a\"]}"), "/0/params/modelPreferences/hints/0", "must be an object" },
	{ INPUT, SAMPLE("\"metadata\":[]"), "/0/params/metadata", "must be an object" },
	{ INPUT, SAMPLE("\"toolChoice\":{\"mode\":\"" STRANGE "\"}"), "/0/params/toolChoice/mode", "must be \"auto\", " },
	{ INPUT, SAMPLE("\"tools\":[{\"name\":\"t\"}]"), "/0/params/tools/0", "must have \"inputSchema\"" },
	{ INPUT, SAMPLE("\"tools\":[{\"name\":\"t\",\"inputSchema\":{}}]"), "/0/params/tools/0/inputSchema",
	    "must be a schema with \"type\": \"object\"" },
	{ INPUT, TURN("[" TEXT ",{\"type\":\"resource_link\",\"uri\":\"a:b\",\"name\":\"n\"}]"), "/0/params/messages/0/content/1/type",
	    "must be \"text\", \"image\", \"audio\", \"tool_use\" or \"tool_result\"" },
	{ INPUT, TURN("\"" STRANGE "\""), "/0/params/messages/0/content", "must be a block" },
	{ INPUT, TURN("{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"n\",\"input\":[]}"), "/0/params/messages/0/content/input",
	    "must be an object" },
	{ INPUT, TURN("{\"type\":\"tool_result\",\"toolUseId\":\"a\",\"content\":" TEXT "}"), "/0/params/messages/0/content/content",
	    "must be a list of blocks" },
};

static int
run(enum kind kind, cJSON *tree, unsigned *needs, struct content_fault *f)
{
	memset(f, 'x', sizeof *f);
	*needs = 0;
	switch (kind) {
	case TOOL:
		return content_check_tool(tree, f);
	case PROMPT:
		return content_check_prompt(tree, f);
	case RESOURCE:
		return content_check_resource(tree, NULL, f);
	case ASKED:
		return content_check_resource(tree, "test://asked", f);
	case BLOCK:
		return content_check_block(tree, f);
	case ICONS:
		return content_check_icons(tree, f);
	case INPUT:
		return content_check_input(tree, needs, f);
	}
	return -1;
}

static cJSON *
parse(const char *in)
{
	struct json_fault fault;
	cJSON *tree = json_parse(in, strlen(in), &fault);

	CHECK(tree != NULL, "%s", in);
	return tree;
}

/* What was accepted is accepted again, needs as much, and stays as it is. */
static void
check_again(enum kind kind, cJSON *tree, unsigned needs, const char *in)
{
	struct content_fault f;
	struct buf first, second;
	unsigned again;

	buf_init(&first, 65536);
	buf_init(&second, 65536);
	json_print(&first, tree);
	CHECK(run(kind, tree, &again, &f) == 0 && again == needs, "%s: %s", in, f.why);
	json_print(&second, tree);
	CHECK(strcmp(buf_str(&first), buf_str(&second)) == 0, "%s: %s", in, buf_str(&second));
	buf_finish(&first);
	buf_finish(&second);
}

static void
check_good(enum kind kind, const char *in, const char *want, unsigned needs)
{
	struct content_fault f;
	struct buf out;
	cJSON *tree = parse(in);
	unsigned got;

	buf_init(&out, 65536);
	CHECK(run(kind, tree, &got, &f) == 0, "%s: %s: %s", in, f.place, f.why);
	CHECK(f.place[0] == '\0' && f.why[0] == '\0', "%s: %s: %s", in, f.place, f.why);
	CHECK(got == needs, "%s: needs %x", in, got);
	json_print(&out, tree);
	CHECK(strcmp(buf_str(&out), want == NULL ? in : want) == 0, "%s: %s", in, buf_str(&out));
	check_again(kind, tree, got, in);
	buf_finish(&out);
	cJSON_Delete(tree);
}

static void
check_bad(enum kind kind, const char *in, const char *place, const char *why)
{
	struct content_fault f;
	cJSON *tree = parse(in);
	unsigned needs;

	CHECK(run(kind, tree, &needs, &f) == -1, "%s", in);
	CHECK(strcmp(f.place, place) == 0, "%s: %s", in, f.place);
	CHECK(strncmp(f.why, why, strlen(why)) == 0, "%s: %s", in, f.why);
	CHECK(strstr(f.why, STRANGE) == NULL, "%s: %s", in, f.why);
	cJSON_Delete(tree);
}

/* The `n`th value of a tree, itself the first; `n` is what is left of the count. */
static cJSON *
value_at(cJSON *item, int *n)
{
	cJSON *child, *found;

	if ((*n)-- == 0)
		return item;
	cJSON_ArrayForEach(child, item)
		if ((found = value_at(child, n)) != NULL)
			return found;
	return NULL;
}

/* Make a value another in its place. */
static void
become(cJSON *item, const char *in)
{
	cJSON *other = parse(in), was = *item;

	item->type = other->type;
	item->child = other->child;
	item->valuestring = other->valuestring;
	item->valuedouble = other->valuedouble;
	other->type = was.type;
	other->child = was.child;
	other->valuestring = was.valuestring;
	cJSON_Delete(other);
}

/* Whatever stands in whichever place: it is refused in our words, or what is left is well-formed. */
static void
check_changed(enum kind kind, const char *in)
{
	static const char *const values[] = {
		"null", "true", "7", "-1", "0.5", "1e400", "\"\"", "\"" STRANGE "\\u202e\"", "[]", "[7]", "[\"a\\u202e\"]",
		"{}", "{\"" STRANGE "\":7}", "{\"type\":\"text\",\"text\":\"\\u202e\"}", NULL	/* its name */
	};
	struct content_fault f;
	cJSON *tree, *at;
	struct buf out;
	unsigned needs;
	size_t i;
	int n, left;

	for (n = 0;; n++) {
		for (i = 0; i < sizeof values / sizeof values[0]; i++) {
			left = n;
			tree = parse(in);
			at = value_at(tree, &left);
			if (at == NULL) {
				cJSON_Delete(tree);
				return;
			}
			if (values[i] != NULL)
				become(at, values[i]);
			else if (at->string != NULL) {
				free(at->string);
				at->string = strdup(STRANGE "\xe2\x80\xae");
			}
			if (run(kind, tree, &needs, &f) == -1)
				CHECK(f.why[0] != '\0' && (f.place[0] == '\0' || f.place[0] == '/') &&
				    strstr(f.why, STRANGE) == NULL && strstr(f.place, STRANGE) == NULL,
				    "%s, value %d, change %zu: %s: %s", in, n, i, f.place, f.why);
			else {
				check_again(kind, tree, needs, in);
				buf_init(&out, 65536);
				json_print(&out, tree);
				CHECK(values[i] == NULL || strstr(buf_str(&out), "\xe2\x80\xae") == NULL,
				    "%s, value %d, change %zu: %s", in, n, i, buf_str(&out));
				buf_finish(&out);
			}
			cJSON_Delete(tree);
		}
	}
}

/* So many, and one more. */
static void
check_counts(void)
{
	static const struct {
		const char	*before, *each, *after;
		int		 most;
	} rows[] = {
		{ "{", "{\"method\":\"roots/list\"}", "}", 16 },
		{ "{\"q\":{\"method\":\"elicitation/create\",\"params\":{\"message\":\"m\",\"requestedSchema\":"
		    "{\"type\":\"object\",\"properties\":{", "{\"type\":\"boolean\"}", "}}}}}", 128 },
	};
	struct content_fault f;
	struct buf in;
	cJSON *tree;
	unsigned needs;
	size_t i;
	int n, more;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (more = 0; more < 2; more++) {
			buf_init(&in, 65536);
			buf_puts(&in, rows[i].before);
			for (n = 0; n < rows[i].most + more; n++) {
				buf_printf(&in, "%s\"n%d\":", n == 0 ? "" : ",", n);
				buf_puts(&in, rows[i].each);
			}
			buf_puts(&in, rows[i].after);
			tree = parse(buf_str(&in));
			CHECK(run(INPUT, tree, &needs, &f) == -more, "%zu, %d: %s", i, more, f.why);
			CHECK(more == 0 || strstr(f.why, "must have at most ") != NULL, "%s", f.why);
			cJSON_Delete(tree);
			buf_finish(&in);
		}
	check_good(INPUT, "{\"" NAME_128 "\":{\"method\":\"roots/list\"}}", NULL, CAPABILITY_ROOTS);
}

/* Allocations of cJSON until one fails. */
static int left_of_memory;

static void *
scarce(size_t len)
{
	return left_of_memory-- == 0 ? NULL : malloc(len);
}

static void
check_memory(enum kind kind, const char *in)
{
	cJSON_Hooks hooks = { scarce, free };
	struct content_fault f;
	cJSON *tree;
	unsigned needs;
	int n, result = -1;

	for (n = 0; result == -1 && n < 1000; n++) {
		tree = parse(in);
		left_of_memory = n;
		cJSON_InitHooks(&hooks);
		result = run(kind, tree, &needs, &f);
		cJSON_InitHooks(NULL);
		CHECK(result == 0 ? !f.memory : f.memory && strcmp(f.why, "out of memory") == 0,
		    "%s, %d: %s", in, n, f.why);
		cJSON_Delete(tree);
	}
	CHECK(result == 0, "%s", in);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		check_good(good[i].kind, good[i].in, good[i].want, good[i].needs);
		check_changed(good[i].kind, good[i].in);
		check_memory(good[i].kind, good[i].in);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check_bad(bad[i].kind, bad[i].in, bad[i].place, bad[i].why);
	check_counts();
	return check_done();
}

// SPDX-License-Identifier: MIT
/*
 * protocol.mjs - all of the protocol that is not a plain call, as the TypeScript SDKs use it:
 * resources, prompts, completion, progress, logs, changes, what a client is asked while it waits,
 * and arguments in headers. The service is that of tests/conformance/fixtures.json.
 *
 * usage: node protocol.mjs ADDRESS VARIABLES.json MODE    (see sdk.mjs)
 */
import { Checks, same, sameJson } from './checks.mjs';
import { MODES, connect } from './sdk.mjs';

const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
const WAIT_MS = 60000;      /* for a notification */
const ASKS = { elicitation: { form: {} }, sampling: {}, roots: {} };

const [address, , mode] = process.argv.slice(2);
const { modern } = MODES[mode];
const http = !address.startsWith('stdio:');
const checks = new Checks();

/* A client with what it can be asked, for one check. */
async function connected(capabilities, handlers, body) {
  const client = await connect(address, mode, { capabilities, handlers });
  try {
    return await body(client);
  } finally {
    await client.close();
  }
}

const plain = (name, body) => checks.run(name, () => connected({}, {}, body));

/* The code of the error that a promise must end in. */
async function refused(promise) {
  try {
    return `no error but ${JSON.stringify(await promise)}`;
  } catch (e) {
    return e.code;
  }
}

const textOf = (result) => result.content.map((block) => block.text).join('');

/* ---- What is read */

await plain('what the server can', async (client) => {
  const can = client.getServerCapabilities();
  const wants = ['tools', 'resources', 'prompts', 'completions', ...(modern ? [] : ['logging'])];
  return sameJson(wants.filter((name) => !can?.[name]), []);
});
await plain('resources/list', async (client) => {
  const { resources } = await client.listResources();
  return sameJson(resources.map((r) => r.uri).filter((u) => u.startsWith('test:')).sort(),
    ['test://static-binary', 'test://static-text', 'test://watched-resource']);
});
await plain('resources/read: a text', async (client) => {
  const { contents: [one, ...more] } = await client.readResource({ uri: 'test://static-text' });
  return sameJson([one.uri, one.text, one.blob, more.length],
    ['test://static-text', 'This is the content of the static text resource.', undefined, 0]);
});
await plain('resources/read: a blob', async (client) => {
  const { contents: [one] } = await client.readResource({ uri: 'test://static-binary' });
  return sameJson([one.mimeType, one.text, Buffer.from(one.blob, 'base64').subarray(1, 4).toString()],
    ['image/png', undefined, 'PNG']);
});
await plain('resources/read: what is not there', async (client) =>
  /* SDK 2.x says the code of its own era in either. */
  same(await refused(client.readResource({ uri: 'test://nothing' })), mode === 'v1' ? -32002 : -32602));
await plain('resources/templates/list', async (client) => {
  const { resourceTemplates } = await client.listResourceTemplates();
  return same(resourceTemplates.some((t) => t.uriTemplate === 'test://template/{id}/data'), true);
});
await plain('resources/read: by a template', async (client) => {
  const { contents: [one] } = await client.readResource({ uri: 'test://template/a%20b/data' });
  return sameJson([one.mimeType, JSON.parse(one.text)],
    ['application/json', { id: 'a b', templateTest: true, data: 'Data for ID: a b' }]);
});
await plain('prompts/list', async (client) => {
  const { prompts } = await client.listPrompts();
  const one = prompts.find((p) => p.name === 'test_prompt_with_arguments');
  return sameJson(one?.arguments.map((a) => [a.name, a.required]), [['arg1', true], ['arg2', true]]);
});
await plain('prompts/get: without arguments', async (client) => {
  const { messages } = await client.getPrompt({ name: 'test_simple_prompt' });
  return sameJson(messages.map((m) => [m.role, m.content.text]), [['user', 'This is a simple prompt for testing.']]);
});
await plain('prompts/get: with arguments', async (client) => {
  const { messages } = await client.getPrompt({
    name: 'test_prompt_with_arguments', arguments: { arg1: '{arg2}', arg2: '"\u00eb"' } });
  return same(messages[0].content.text, `Prompt with arguments: arg1='{arg2}', arg2='"\u00eb"'`);
});
await plain('prompts/get: an argument is missing', async (client) =>
  same(await refused(client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: 'x' } })), -32602));
await plain('prompts/get: an embedded resource', async (client) => {
  const { messages } = await client.getPrompt({
    name: 'test_prompt_with_embedded_resource', arguments: { resourceUri: 'test://mine' } });
  return sameJson(messages.map((m) => m.content.resource?.uri ?? m.content.type), ['test://mine', 'text']);
});
await plain('prompts/get: an image', async (client) => {
  const { messages: [{ content }] } = await client.getPrompt({ name: 'test_prompt_with_image' });
  return sameJson([content.type, content.mimeType], ['image', 'image/png']);
});

const completed = async (client, ref, name, value) =>
  (await client.complete({ ref, argument: { name, value } })).completion.values;
const ofPrompt = { type: 'ref/prompt', name: 'test_prompt_with_arguments' };
await plain('completion/complete: asked of the service', async (client) =>
  sameJson(await completed(client, ofPrompt, 'arg1', 'par'), ['paris', 'park', 'party']));
await plain('completion/complete: from a list', async (client) =>
  sameJson(await completed(client, ofPrompt, 'arg2', 'g'), ['green']));
await plain('completion/complete: of a template', async (client) =>
  sameJson(await completed(client, { type: 'ref/resource', uri: 'test://template/{id}/data' }, 'id', 'test'),
    ['test', 'testimony']));

for (const [name, types] of [['test_image_content', ['image']], ['test_audio_content', ['audio']],
  ['test_embedded_resource', ['resource']], ['test_multiple_content_types', ['text', 'image', 'resource']]])
  await plain(`tools/call: ${name}`, async (client) => {
    const result = await client.tool(name);
    return sameJson([result.isError ?? false, result.content.map((block) => block.type)], [false, types]);
  });
await plain('tools/call: an error of the service', async (client) =>
  same((await client.tool('test_error_handling')).isError, true));

/* ---- What comes before a result */

await plain('progress', async (client) => {
  const seen = [];
  const result = await client.tool('test_tool_with_progress', {}, { onprogress: (p) =>
    void seen.push([p.progress, p.total, p.message]) });
  return sameJson(seen, [[0, 100, '0 of 100'], [50, 100, '50 of 100'], [100, 100, '100 of 100']]) ??
    same(textOf(result), 'Progress was made.');
});
await plain('progress that nobody wants', async (client) =>
  same(textOf(await client.tool('test_tool_with_progress')), 'Progress was made.'));
await plain('progress of many calls at once', async (client) => {
  const seen = await Promise.all(Array.from({ length: 8 }, async () => {
    const one = [];
    await client.tool('test_tool_with_progress', {}, { onprogress: (p) => void one.push(p.progress) });
    return one;
  }));
  return sameJson(seen, Array(8).fill([0, 50, 100]));
});

/* The log that a tool's call brings, when a client has asked for a level. */
async function logged(level) {
  const logs = [];
  await connected({}, { 'notifications/message': (n) => void logs.push(n.params) }, async (client) => {
    if (level !== undefined && !modern) await client.setLoggingLevel(level);
    await client.tool('test_tool_with_logging', {}, undefined, modern && level ? { [LOG_LEVEL]: level } : undefined);
  });
  return logs.map((l) => `${l.level} ${l.logger} ${l.data}`);
}
const ALL = ['execution started', 'processing data', 'execution completed'].map((what) => `info fixtures Tool ${what}`);
await checks.run('logs: none unless asked for', async () => sameJson(await logged(), []));
await checks.run('logs: none below the level', async () => sameJson(await logged('error'), []));
await checks.run('logs', async () => sameJson(await logged('debug'), ALL));

/* ---- What a client is told of changes */

const WATCHED = 'test://watched-resource';

/* Have the service change the resource: the version that it has now, or a later one, since other
 * clients change it, too. */
async function change() {
  const answer = await fetch(`${process.env.UMS_MCP_SERVICE_FIXTURES_BASE_URL}/resources/watched/change`);
  return (await answer.json()).version;
}

const versionOf = ({ text }) => Number(/^This is the content of the watched resource, version (\d+)\.$/.exec(text)?.[1]);

async function until(what) {
  for (const end = Date.now() + WAIT_MS; !what() && Date.now() < end;)
    await new Promise((wake) => setTimeout(wake, 20));
  return what();
}

await checks.run('a subscription', async () => {
  const told = [];
  return connected({}, {
    'notifications/resources/updated': (n) => void told.push(n.params.uri),
  }, async (client) => {
    const subscription = modern ? await client.listen({ resourceSubscriptions: [WATCHED] }) :
      await client.subscribeResource({ uri: WATCHED }).catch((e) => e);
    /* Over stdio nothing tells of changes, and it is said so. */
    if (!http) return modern ? sameJson(subscription.honoredFilter, {}) : same(subscription.code, -32601);
    /* First it is told that the resource is as it is. */
    if (!(await until(() => told.length > 0))) return `nothing was said: ${subscription}`;
    const before = told.length, want = await change();
    if (!(await until(() => told.length > before))) return 'nothing was said of a change';
    const { contents: [one] } = await client.readResource({ uri: WATCHED });
    if (modern) await subscription.close();
    else await client.unsubscribeResource({ uri: WATCHED });
    return same(versionOf(one) >= want, true) ?? sameJson([...new Set(told)], [WATCHED]);
  });
});

/* ---- What a client is asked */

const accept = (content) => ({ action: 'accept', content });

/* The text of a call whose questions are answered so. */
async function answeredBy(elicit, name, args) {
  return connected(ASKS, {
    'elicitation/create': async ({ params }) => elicit(params),
    'sampling/createMessage': async ({ params: { messages: [{ content }] } }) => ({
      role: 'assistant', model: 'a-model', stopReason: 'endTurn',
      content: { type: 'text', text: `said to "${content.text}"` },
    }),
    'roots/list': async () => ({ roots: [{ uri: 'file:///work', name: 'work' }] }),
  }, async (client) => textOf(await client.tool(name, args)));
}

const person = { username: 'thea', email: 'thea@example.org' };
await checks.run('elicitation: accepted', async () => {
  let asked;
  const got = await answeredBy((params) => (asked = params, accept(person)), 'test_elicitation', { message: 'Who?' });
  return sameJson([asked.message, Object.keys(asked.requestedSchema.properties)], ['Who?', ['username', 'email']]) ??
    same(got, 'User response: action=accept, content={"username": "thea", "email": "thea@example.org"}');
});
for (const action of ['decline', 'cancel'])
  await checks.run(`elicitation: ${action}`, async () =>
    same(await answeredBy(() => ({ action }), 'test_elicitation', { message: 'Who?' }),
      `User response: action=${action}, content={}`));
await checks.run('elicitation: defaults', async () => {
  const got = await answeredBy(({ requestedSchema }) => accept(Object.fromEntries(
    Object.entries(requestedSchema.properties).map(([name, s]) => [name, s.default]))), 'test_elicitation_sep1034_defaults');
  return same(got, 'Elicitation completed: action=accept, content={"name": "John Doe", "age": 30, "score": 95.5, ' +
    '"status": "active", "verified": true}');
});
await checks.run('elicitation: choices', async () => {
  const chosen = { untitledSingle: 'option2', titledSingle: 'value1', legacyEnum: 'opt3',
    untitledMulti: ['option1', 'option3'], titledMulti: ['value2'] };
  const got = await answeredBy(() => accept(chosen), 'test_elicitation_sep1330_enums');
  return sameJson(JSON.parse(got.replace(/.*content=/, '')), chosen);
});
await checks.run('elicitation: at the end of a stream', async () => {
  const got = await answeredBy(() => accept({ ok: true }), 'test_streaming_elicitation');
  return same(got, 'action=accept, content={"ok": true}');
});
await checks.run('elicitation: with a state that comes back', async () =>
  same(await answeredBy(() => accept({ ok: true }), 'test_input_required_result_request_state'),
    'state-ok: action=accept, content={"ok": true}'));
await checks.run('elicitation: two rounds', async () =>
  same(await answeredBy(({ requestedSchema }) => accept(requestedSchema.properties.name ? { name: 'Thea' } : { color: 'blue' }),
    'test_input_required_result_multi_round'), 'Thea likes blue.'));
await checks.run('elicitation: by a client that cannot', async () =>
  connected({}, {}, async (client) =>
    same(await refused(client.tool('test_elicitation', { message: 'Who?' })), -32021)));
await checks.run('sampling', async () =>
  same(await answeredBy(undefined, 'test_sampling', { prompt: 'Say something' }),
    'LLM response: said to "Say something"'));
await checks.run('roots', async () =>
  same(await answeredBy(undefined, 'test_input_required_result_list_roots'), 'Roots: file:///work'));
await checks.run('three kinds of question at once', async () =>
  same(await answeredBy(() => accept({ name: 'Thea' }), 'test_input_required_result_multiple_inputs'),
    'said to "Write a greeting." Thea (file:///work)'));
await checks.run('a prompt that asks', async () => connected(
  ASKS, { 'elicitation/create': async () => accept({ context: 'tests' }) }, async (client) => {
    const { messages } = await client.getPrompt({ name: 'test_input_required_result_prompt' });
    return same(messages[0].content.text, 'The context: tests.');
  }));
await checks.run('many questions at once, each with its own answer', async () => connected(
  ASKS, { 'elicitation/create': async ({ params }) => accept({ ...person, username: params.message }) },
  async (client) => {
    const names = Array.from({ length: 12 }, (_, i) => `person ${i}`);
    const texts = await Promise.all(names.map(async (message) => textOf(await client.tool('test_elicitation', { message }))));
    return sameJson(texts.filter((text, i) => !text.includes(`"${names[i]}"`)), []);
  }));

/* ---- Arguments that are mirrored in headers (x-mcp-header), as SDK 2.x sends them: plain, encoded,
 * and, when it has not listed the tools yet, left out at first, which must be refused in the way
 * that makes it list them and repeat. */

async function mirrored(body) {
  const sent = [];      /* the argument `query` of every call, as it went out */
  const watch = (target, init) => {
    const headers = new Headers(init?.headers);
    if (headers.get('mcp-method') === 'tools/call') sent.push(headers.get('mcp-param-query'));
    return fetch(target, init);
  };
  const client = await connect(address, mode, { http: { fetch: watch } });
  try {
    return await body(client, sent);
  } finally {
    await client.close();
  }
}

/* The first contact that is found, and an error's text. */
async function find(client, args) {
  const result = await client.tool('test_mirrored_arguments', args);
  return result.isError ? result.content[0].text : result.structuredContent.contacts[0]?.contact_id;
}

if (modern && http) {
  await checks.run('headers: called before the tools are listed', () => mirrored(async (client, sent) =>
    same(await find(client, { query: 'bob' }), 'bob') ?? sameJson(sent, [null, 'bob'])));
  await checks.run('headers: string, integer and boolean', () => mirrored(async (client, sent) => {
    await client.listTools();
    return same(await find(client, { query: 'bob', limit: 5, exact: true }), 'bob') ?? sameJson(sent, ['bob']);
  }));
  for (const query of ['no \u00eb \u{1f600}', ' bob ', '=?base64?Ym9i?=', ''])
    await checks.run(`headers: encoded: ${JSON.stringify(query)}`, () => mirrored(async (client) => {
      await client.listTools();
      const got = await find(client, { query });
      return got === undefined || /^\w+$/.test(got) ? undefined : got;
    }));
  await checks.run('headers: left out', () => mirrored(async (client) => {
    await client.listTools();
    return same(/^\w+$/.test(await find(client, { limit: 1 })), true);
  }));
}
checks.end();

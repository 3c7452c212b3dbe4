// SPDX-License-Identifier: MIT
/*
 * whole.mjs - what is not a plain call, by the TypeScript SDKs: resources, prompts, completion,
 * progress, logs, and what the service asks back, of tests/conformance/fixtures.json.
 *
 * usage: node whole.mjs ADDRESS VARIABLES.json v1|default|auto|pinned    (see calls.mjs)
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Checks, same } from './calls.mjs';

const [address, , mode] = process.argv.slice(2);
const { resolve } = createRequire(`${process.env.NPM_FOLDER}/package.json`);
const load = (name) => import(pathToFileURL(resolve(name)));
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
const info = { name: 'ums-mcp-test', version: '1' };
const negotiation = { auto: { mode: 'auto' }, pinned: { mode: { pin: '2026-07-28' } } };
const modern = mode in negotiation;
const asked = [];
let agrees = true;

const answers = {
  'elicitation/create': (params) =>
    agrees ? { action: 'accept', content: fill(params.requestedSchema) } : { action: 'decline' },
  'sampling/createMessage': () => ({
    role: 'assistant', model: 'a-model', stopReason: 'endTurn',
    content: { type: 'text', text: 'what a model says' },
  }),
  'roots/list': () => ({ roots: [{ uri: 'file:///work', name: 'work' }] }),
};

/* A person who fills in a form as it suggests. */
function fill(schema) {
  const value = (s) => s.default ?? s.enum?.[0] ?? s.oneOf?.[0].const ??
    { string: 'a text', boolean: true, integer: 7, number: 7, array: [] }[s.type];
  return Object.fromEntries(Object.entries(schema.properties).map(([k, s]) => [k, value(s)]));
}

async function connect() {
  let client, transport;
  if (mode === 'v1') {
    const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
    const { StreamableHTTPClientTransport } = await load('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const types = await load('@modelcontextprotocol/sdk/types.js');
    client = new Client(info, { capabilities });
    for (const [schema, method] of [
      [types.ElicitRequestSchema, 'elicitation/create'],
      [types.CreateMessageRequestSchema, 'sampling/createMessage'],
      [types.ListRootsRequestSchema, 'roots/list'],
    ])
      client.setRequestHandler(schema, (r) => (asked.push(method), answers[method](r.params)));
    client.setNotificationHandler(types.LoggingMessageNotificationSchema, (n) => void logs.push(n.params));
    client.setNotificationHandler(types.ResourceUpdatedNotificationSchema, (n) => void updated.push(n.params.uri));
    transport = new StreamableHTTPClientTransport(new URL(address));
  } else {
    const { Client, StreamableHTTPClientTransport } = await load('@modelcontextprotocol/client');
    client = new Client(info, { capabilities, versionNegotiation: negotiation[mode] });
    for (const method of Object.keys(answers))
      client.setRequestHandler(method, (r) => (asked.push(method), answers[method](r.params)));
    client.setNotificationHandler('notifications/message', (n) => void logs.push(n.params));
    client.setNotificationHandler('notifications/resources/updated', (n) => void updated.push(n.params.uri));
    transport = new StreamableHTTPClientTransport(new URL(address));
  }
  await client.connect(transport);
  return client;
}

const logs = [], updated = [];
const checks = new Checks();
const client = await connect();
const textOf = (result) => result.content.map((b) => b.text ?? '').join('');
const call = (name, args = {}, options = undefined) =>
  mode === 'v1' ? client.callTool({ name, arguments: args }, undefined, options) :
    client.callTool({ name, arguments: args }, options);
const until = async (what, ms = 8000) => {
  for (const end = Date.now() + ms; !what() && Date.now() < end;) await new Promise((r) => setTimeout(r, 50));
  return what();
};

await checks.run('resources', async () => {
  const { resources } = await client.listResources();
  if (!resources.some((r) => r.uri === 'test://static-text')) return 'static-text is not listed';
  const text = (await client.readResource({ uri: 'test://static-text' })).contents[0];
  const blob = (await client.readResource({ uri: 'test://static-binary' })).contents[0];
  if (!text.text || text.blob) return `text: ${JSON.stringify(text)}`;
  return blob.blob && blob.mimeType === 'image/png' ? undefined : `blob: ${JSON.stringify(blob)}`;
});
await checks.run('resource templates', async () => {
  const { resourceTemplates } = await client.listResourceTemplates();
  if (!resourceTemplates.some((t) => t.uriTemplate === 'test://template/{id}/data')) return 'not listed';
  const [content] = (await client.readResource({ uri: 'test://template/a%20b/data' })).contents;
  return JSON.parse(content.text).id === 'a b' ? undefined : JSON.stringify(content);
});
await checks.run('a resource that is not there', async () => {
  try {
    await client.readResource({ uri: 'test://nothing' });
    return 'it was read';
  } catch (e) {
    /* SDK 2.x says the code of its own era in either. */
    return same(e.code, mode === 'v1' ? -32002 : -32602);
  }
});
await checks.run('prompts', async () => {
  const { prompts } = await client.listPrompts();
  if (prompts.length < 5) return `${prompts.length} prompts`;
  const got = await client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: 'x{y}', arg2: '"z"' } });
  const { text } = got.messages[0].content;
  return text.includes('x{y}') && text.includes('"z"') ? undefined : text;
});
await checks.run('a prompt with a resource', async () => {
  const got = await client.getPrompt({
    name: 'test_prompt_with_embedded_resource', arguments: { resourceUri: 'test://example' } });
  const block = got.messages.map((m) => m.content).find((c) => c.type === 'resource');
  return same(block?.resource.uri, 'test://example');
});
await checks.run('completion', async () => {
  const got = await client.complete({
    ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
    argument: { name: 'arg1', value: '' } });
  return got.completion.values.length > 0 ? undefined : 'no values';
});
await checks.run('progress', async () => {
  const seen = [];
  const result = await call('test_tool_with_progress', {}, { onprogress: (p) => void seen.push(p.progress) });
  if (result.isError) return textOf(result);
  return same(JSON.stringify(seen), '[0,50,100]');
});
await checks.run('contents of every kind', async () => {
  const types = (await call('test_multiple_content_types')).content.map((b) => b.type);
  return ['text', 'image', 'resource'].every((t) => types.includes(t)) ? undefined : `${types}`;
});
await checks.run('a file, by the link of its message', async () => {
  const data = Buffer.from([0, 1, 254, 255]).toString('base64');
  const sent = await call('send_message', { to: ['bob'], text: 'A file',
    attachments: [{ name: 'a.bin', mime_type: 'application/zip', data }] });
  if (sent.isError) return textOf(sent);
  const got = await call('get_message', { message_id: sent.structuredContent.message_id });
  const link = got.content.find((b) => b.type === 'resource_link');
  if (link?.name !== 'a.bin' || link.size !== 4) return JSON.stringify(got.content);
  const [file] = (await client.readResource({ uri: link.uri })).contents;
  return file.mimeType === 'application/zip' ? same(file.blob, data) : JSON.stringify(file);
});
await checks.run('an answer to a form', async () => {
  asked.length = 0;
  const result = await call(modern ? 'test_input_required_result_elicitation' : 'test_elicitation',
    modern ? {} : { message: 'Who are you?' });
  return asked.includes('elicitation/create') && !result.isError && textOf(result) ? undefined :
    `${asked} ${JSON.stringify(result)}`;
});
await checks.run('a form that is declined', async () => {
  agrees = false;
  try {
    const result = await call(modern ? 'test_input_required_result_elicitation' : 'test_elicitation',
      modern ? {} : { message: 'Who are you?' });
    return textOf(result).includes('a text') ? textOf(result) : undefined;
  } finally {
    agrees = true;
  }
});
await checks.run('a sample', async () => {
  asked.length = 0;
  const result = await call(modern ? 'test_input_required_result_sampling' : 'test_sampling',
    modern ? {} : { prompt: 'Say something' });
  return asked.includes('sampling/createMessage') && textOf(result).includes('what a model says') ? undefined :
    `${asked} ${JSON.stringify(result)}`;
});
if (modern)
  await checks.run('roots', async () => {
    const result = await call('test_input_required_result_list_roots');
    return textOf(result).includes('work') ? undefined : JSON.stringify(result);
  });
else {
  await checks.run('logs', async () => {
    await call('test_tool_with_logging');
    if (logs.length > 0) return 'nobody asked for them';
    await client.setLoggingLevel('debug');
    await call('test_tool_with_logging');
    /* SDK 2.x goes on with the id of its session that it was given first, which says no level. */
    if (mode !== 'v1') return;
    return (await until(() => logs.length >= 3)) ? undefined : `${logs.length} logs`;
  });
  await checks.run('a subscription', async () => {
    await client.subscribeResource({ uri: 'test://watched-resource' });
    if (!(await until(() => updated.includes('test://watched-resource')))) return 'nothing was said';
    await client.unsubscribeResource({ uri: 'test://watched-resource' });
  });
}
await client.close();
checks.end();

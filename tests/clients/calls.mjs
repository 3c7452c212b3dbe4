// SPDX-License-Identifier: MIT
/*
 * calls.mjs - the tools that there are by default, and what else their service file has, as the
 * TypeScript SDKs use it: every call of calls.json, resources, prompts and completion.
 *
 * usage: node calls.mjs ADDRESS VARIABLES.json MODE    (see sdk.mjs)
 *
 * The client validates structuredContent against the tool's outputSchema and throws; what it
 * lets through is then held to calls.json, to the text block, which says the same, and to the
 * result's byte budget.
 */
import { readFileSync } from 'node:fs';
import { Checks, same, sameJson } from './checks.mjs';
import { MODES, connect } from './sdk.mjs';

/* What a JSON Pointer names; undefined if there is nothing. */
function at(value, pointer) {
  for (const part of pointer.split('/').slice(1)) value = value?.[part];
  return value;
}

/* Put the variables in: a string that is one {name} becomes the variable's value. */
function fill(value, vars) {
  if (typeof value === 'string') {
    const whole = /^\{(\w+)\}$/.exec(value);
    return whole ? vars[whole[1]] : value.replace(/\{(\w+)\}/g, (_, name) => vars[name]);
  }
  if (Array.isArray(value)) return value.map((v) => fill(v, vars));
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fill(v, vars)]));
  return value;
}

const rules = {
  equals: (got, want) => got === want,
  count: (got, want) => got?.length === want,
  least: (got, want) => got?.length >= want,
  present: (got) => got !== undefined,
  absent: (got) => got === undefined,
  has: (got, want) => got?.includes(want),
  lacks: (got, want) => [...want].every((c) => !got.includes(c)),
};

function hold(value, expect) {
  for (const [pointer, wanted] of Object.entries(expect ?? {}))
    for (const [rule, want] of Object.entries(wanted))
      if (!rules[rule](at(value, pointer), want))
        return `${pointer} is ${JSON.stringify(at(value, pointer))}; want ${rule} ${JSON.stringify(want)}`;
}

/* What is wrong with a result's form; its JSON is returned in `out.value`. */
function form(result, vars, out) {
  const [block, ...more] = result.content;
  if (more.length > 0 || block?.type !== 'text') return 'not exactly one text block';
  if (Buffer.byteLength(block.text) > vars.result_max) return `${block.text.length} bytes are above the budget`;
  out.value = JSON.parse(block.text);
  if (result.isError) return result.structuredContent === undefined ? undefined : 'an error has structuredContent';
  return JSON.stringify(result.structuredContent) === JSON.stringify(out.value)
    ? undefined
    : 'text and structuredContent differ';
}

function judgeError(call, result, value, vars) {
  if (!result.isError) return `no error: ${JSON.stringify(value).slice(0, 200)}`;
  if (value.code !== call.error) return same(value.code, call.error);
  if (typeof value.http_status !== 'number' || typeof value.retryable !== 'boolean' || !value.hint)
    return `an error without http_status, retryable or hint: ${JSON.stringify(value)}`;
  return hold(value, fill(call.expect, vars));
}

/* Follow the cursors; nothing may be missing or come twice. */
async function judgePages(client, call, args, first, vars) {
  const { list, id, total, whole } = call.pages;
  const seen = first[list].map((item) => item[id]);
  if (!whole && first.truncated !== true) return 'the first page is not truncated';
  for (let value = first, n = 0; value.next_cursor !== undefined && n < 100; n++) {
    const out = {};
    const next = await client.tool(call.tool, { ...args, cursor: value.next_cursor });
    const why = form(next, vars, out);
    if (why !== undefined || next.isError) return why ?? JSON.stringify(out.value);
    value = out.value;
    seen.push(...value[list].map((item) => item[id]));
  }
  return same(new Set(seen).size, total) ?? same(seen.length, total);
}

async function judge(client, call, vars) {
  const args = fill(call.arguments, vars);
  if (call.rpc_error !== undefined) {
    try {
      await client.tool(call.tool, args);
    } catch (e) {
      return same(e.code, call.rpc_error);
    }
    return 'no error was thrown';
  }
  const out = {};
  const result = await client.tool(call.tool, args);
  const why = form(result, vars, out);
  if (why !== undefined) return why;
  if (call.error !== undefined) return judgeError(call, result, out.value, vars);
  if (result.isError) return JSON.stringify(out.value);
  for (const [name, pointer] of Object.entries(call.keep ?? {})) vars[name] = at(out.value, pointer);
  return call.pages
    ? judgePages(client, call, args, out.value, vars)
    : hold(out.value, fill(call.expect, vars));
}

/* List the tools, then make every call; each tool must be met both good and failing. */
async function everyTool(client, checks, vars) {
  const calls = JSON.parse(readFileSync(new URL('calls.json', import.meta.url)));
  const { tools } = await client.listTools();
  checks.report('tools/list has 14 tools', same(tools.length, 14));
  checks.report('every tool has schemas, description and all hints', tools
    .filter((t) => !(t.description && t.inputSchema && t.outputSchema && Object.keys(t.annotations).length >= 4))
    .map((t) => t.name).join(' ') || undefined);
  checks.report('every tool is called, good and failing', tools
    .filter((t) => !calls.some((c) => c.tool === t.name && c.error) ||
                   !calls.some((c) => c.tool === t.name && !c.error))
    .map((t) => t.name).join(' ') || undefined);
  for (const call of calls)
    await checks.run(`${call.tool}: ${call.name}`, () => judge(client, call, vars));
}

/* What the service file has beside its tools. */
async function theRest(client, checks, vars) {
  await checks.run('resources/list', async () =>
    sameJson((await client.listResources()).resources.map((r) => r.uri), ['ums://channels']));
  await checks.run('resources/templates/list', async () =>
    same((await client.listResourceTemplates()).resourceTemplates.length, 6));
  await checks.run('resources/read', async () => {
    const { contents: [one] } = await client.readResource({ uri: 'ums://channels' });
    return same(JSON.parse(one.text).channels.some((c) => c.channel === 'email'), true);
  });
  await checks.run('resources/read: by a template', async () => {
    const { contents: [one] } = await client.readResource({ uri: `ums://messages/${vars.thread_messages[0]}` });
    return same(JSON.parse(one.text).thread_id, vars.long_thread);
  });
  await checks.run('resources/read: a file, by the link of its message', async () => {
    const data = Buffer.from([0, 1, 254, 255]).toString('base64');
    const sent = await client.callTool({ name: 'send_message', arguments: { to: ['bob'], text: 'A file',
      attachments: [{ name: 'a.bin', mime_type: 'application/zip', data }] } });
    const { content } = await client.callTool({ name: 'get_message',
      arguments: { message_id: sent.structuredContent?.message_id } });
    const link = content.find((block) => block.type === 'resource_link');
    const { contents: [one] } = await client.readResource({ uri: link.uri });
    return sameJson([link.name, link.size, one.mimeType, one.blob], ['a.bin', 4, 'application/zip', data]);
  });
  await checks.run('prompts/list', async () =>
    sameJson((await client.listPrompts()).prompts.map((p) => p.name).sort(), ['compose_reply', 'summarise_thread']));
  await checks.run('prompts/get: with the thread in it', async () => {
    const { messages } = await client.getPrompt({
      name: 'summarise_thread', arguments: { thread_id: vars.long_thread } });
    const thread = JSON.parse(messages[0].content.resource.text);
    return same(thread.thread_id, vars.long_thread) ?? same(thread.messages.length > 0, true);
  });
  await checks.run('completion/complete', async () => {
    const { completion: { values } } = await client.complete({
      ref: { type: 'ref/prompt', name: 'compose_reply' }, argument: { name: 'tone', value: 'f' } });
    return sameJson(values, ['friendly', 'formal', 'firm']);
  });
}

const [address, variables, mode] = process.argv.slice(2);
const { version, modern } = MODES[mode];
const vars = JSON.parse(readFileSync(variables));
const checks = new Checks();
const client = await connect(address, mode);
/* Over stdio SDK 1.x does not say it. */
if (client.version || !address.startsWith('stdio:')) checks.report('negotiated version', same(client.version, version));
checks.report('server name', same(client.getServerVersion()?.name, 'ums-mcp'));
checks.report('instructions', client.getInstructions() ? undefined : 'there are none');
if (!modern) await checks.run('ping', async () => void (await client.ping()));
await theRest(client, checks, vars);
await everyTool(client, checks, vars);
await client.close();
checks.end();

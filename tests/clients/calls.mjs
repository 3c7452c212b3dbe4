// SPDX-License-Identifier: MIT
/*
 * calls.mjs - runs calls.json through a TypeScript SDK's client and judges every result.
 *
 * The client validates structuredContent against the tool's outputSchema and throws; what it
 * lets through is then held to calls.json, to the text block, which says the same, and to the
 * result's byte budget. Prints "PASS name" or "FAIL name: why" for each check.
 */
import { readFileSync } from 'node:fs';

export class Checks {
  passed = 0;
  failed = 0;

  report(name, why) {
    if (why === undefined) this.passed++;
    else this.failed++;
    console.log(why === undefined ? `PASS ${name}` : `FAIL ${name}: ${why}`);
  }

  async run(name, body) {
    try {
      this.report(name, await body());
    } catch (e) {
      this.report(name, `threw ${e?.stack ?? e}`.split('\n').slice(0, 3).join(' '));
    }
  }

  end() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exitCode = this.failed === 0 ? 0 : 1;
  }
}

export const same = (got, want) =>
  got === want ? undefined : `got ${JSON.stringify(got)}, not ${JSON.stringify(want)}`;

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
    const next = await client.callTool({ name: call.tool, arguments: { ...args, cursor: value.next_cursor } });
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
      await client.callTool({ name: call.tool, arguments: args });
    } catch (e) {
      return same(e.code, call.rpc_error);
    }
    return 'no error was thrown';
  }
  const out = {};
  const result = await client.callTool({ name: call.tool, arguments: args });
  const why = form(result, vars, out);
  if (why !== undefined) return why;
  if (call.error !== undefined) return judgeError(call, result, out.value, vars);
  if (result.isError) return JSON.stringify(out.value);
  for (const [name, pointer] of Object.entries(call.keep ?? {})) vars[name] = at(out.value, pointer);
  return call.pages
    ? judgePages(client, call, args, out.value, vars)
    : hold(out.value, fill(call.expect, vars));
}

/* The transport that an address asks for: a URL, or "stdio:" and a command as a JSON array. */
export function transportTo(address, Http, Stdio) {
  if (!address.startsWith('stdio:')) return new Http(new URL(address));
  const [command, ...args] = JSON.parse(address.slice(6));
  return new Stdio({ command, args, env: process.env });
}

/* List the tools, then make every call; each tool must be met both good and failing. */
export async function everyTool(client, checks, vars) {
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

/* What the server says of itself, and its empty lists. */
export async function everyList(client, checks) {
  checks.report('server name', same(client.getServerVersion()?.name, 'ums-mcp'));
  checks.report('instructions', client.getInstructions() ? undefined : 'there are none');
  await checks.run('prompts/list', async () => same((await client.listPrompts()).prompts.length, 2));
  await checks.run('resources/list', async () => same((await client.listResources()).resources.length, 1));
  await checks.run('resources/templates/list', async () =>
    same((await client.listResourceTemplates()).resourceTemplates.length, 6));
}

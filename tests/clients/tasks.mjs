// SPDX-License-Identifier: MIT
/*
 * tasks.mjs - tasks, as the extension's own client (ext-tasks) sees them: of the jobs of
 * tests/conformance/fixtures.json, and of a message that is to be sent later. The SDK's client
 * takes no task itself, so requests go out beside it; every answer is held to the extension's
 * schemas by the session.
 *
 * usage: node tasks.mjs ADDRESS VARIABLES.json MODE    (see sdk.mjs)
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Checks, same } from './checks.mjs';
import { MODES, connect } from './sdk.mjs';

const [address, variables, mode] = process.argv.slice(2);
const { tomorrow } = JSON.parse(readFileSync(variables));
/* It is for import alone, so that require cannot find it. */
const { createTaskSessionFromClient, resultFromTaskOutcome } = await import(pathToFileURL(
  `${process.env.NPM_FOLDER}/node_modules/@modelcontextprotocol/ext-tasks/dist/client/index.js`));

const framing = {
  protocolVersion: MODES[mode].version,
  clientInfo: { name: 'ums-mcp-test', version: '1' },
  clientCapabilities: { elicitation: { form: {} }, extensions: { 'io.modelcontextprotocol/tasks': {} } },
};

/* The answer to a request that goes out by itself. */
async function post(request, signal) {
  const name = request.params?.taskId ?? request.params?.name;
  const response = await fetch(address, {
    method: 'POST',
    signal,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': framing.protocolVersion,
      'Mcp-Method': request.method,
      ...(name === undefined ? {} : { 'Mcp-Name': name }),
    },
    body: JSON.stringify(request),
  });
  return response.json();
}

/* Over stdio a process beside the SDK's: which one is asked about a task makes no difference. */
async function write(request) {
  const [command, ...args] = JSON.parse(address.slice(6));
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(`${JSON.stringify(request)}\n`);
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error('there is no answer');
}

const http = !address.startsWith('stdio:');
let ids = 0;
async function dispatch(request, options) {
  const whole = { ...request, jsonrpc: '2.0', id: `t${ids++}` };
  const answer = await (http ? post(whole, options?.signal) : write(whole));
  return answer.error === undefined ?
    { kind: 'result', result: answer.result } : { kind: 'error', error: answer.error };
}

const client = await connect(address, mode, { capabilities: framing.clientCapabilities });

let asked = [];
const session = createTaskSessionFromClient(client, {
  endpointId: 'ums-mcp',
  rawDispatch: dispatch,
  v2RequestFraming: framing,
  onInputRequest: async (request, context) => {
    asked.push(`${request.kind} ${context.scope}`);
    const [field] = Object.keys(request.params.requestedSchema.properties);
    return { action: 'accept', content: { [field]: field === 'name' ? 'Alice' : true } };
  },
});

/* What became of a call: "completed", "failed" or "cancelled", and the states before. */
async function settle(execution) {
  const states = [];
  const { outcome } = await execution.settle({
    onEvent: (event) => event.type === 'task' && states.push(event.task.status),
  });
  return { ...outcome, kind: execution.kind, states };
}

async function settled(name, args = {}) {
  asked = [];
  return settle(await session.callTool(name, args));
}

const text = (outcome) => resultFromTaskOutcome(outcome).content[0].text;

const checks = new Checks();
await checks.run('what is done at once is no task', async () =>
  same((await settled('slow_compute', { seconds: 0 })).kind, 'immediate'));
await checks.run('a job that takes a second', async () => {
  const done = await settled('slow_compute', { seconds: 1, label: 'here' });
  return same(done.kind, 'task') ?? same(done.states[0], 'working') ??
    same(text(done), 'The job is done. here');
});
await checks.run('a job that fails is completed, with an error', async () =>
  same(resultFromTaskOutcome(await settled('failing_job')).isError, true));
await checks.run('a job of which nothing is left has failed', async () => {
  const done = await settled('protocol_error_job');
  return same(done.status, 'failed') ?? same(done.error.code, -32603) ?? same(done.error.data.http_status, 410);
});
await checks.run('a job that asks while it works', async () => {
  const done = await settled('multi_input');
  return same(asked.join(), 'elicitation task,elicitation task') ?? same(done.status, 'completed');
});
await checks.run('a job that begins when it has asked', async () => {
  const done = await settled('test_tool_with_task');
  return same(asked.join(), 'elicitation request') ?? same(text(done), 'The job is done. Alice');
});
await checks.run('a job that is called off', async () => {
  const execution = await session.callTool('slow_compute', { seconds: 60 });
  await execution.cancel();
  return same((await session.task(execution.handle.taskId).snapshot()).status, 'cancelled');
});
await checks.run('a message that is to be sent later is called off', async () => {
  const execution = await session.callTool('send_message', {
    to: ['Alice Example'], text: 'a task', schedule_at: tomorrow,
  });
  const seen = await session.task(execution.handle.taskId).snapshot();
  await execution.cancel();
  const then = await session.task(execution.handle.taskId).snapshot();
  return same(seen.status, 'working') ?? same(then.status, 'cancelled');
});
await session.close();
await client.close();
checks.end();

// SPDX-License-Identifier: MIT
/*
 * sdk.mjs - the TypeScript SDKs 1.x and 2.x, alike, in each of their ways to choose the protocol.
 */
import { load } from './checks.mjs';

const OLD = '2025-11-25', NEW = '2026-07-28';

/* The version that each way ends in; `modern` is the era that the SDK calls so. */
export const MODES = {
  v1: { version: OLD },
  v2: { version: OLD },
  'v2-auto': { version: NEW, modern: true, versionNegotiation: { mode: 'auto' } },
  'v2-pinned': { version: NEW, modern: true, versionNegotiation: { mode: { pin: NEW } } },
};

/* What an address of rig.py asks for: a URL, or "stdio:" and a command as a JSON array. */
function transportTo(address, http, Http, Stdio) {
  if (!address.startsWith('stdio:')) return new Http(new URL(address), http);
  const [command, ...args] = JSON.parse(address.slice(6));
  return new Stdio({ command, args, env: process.env });
}

async function sdkV1(capabilities) {
  const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
  const { StreamableHTTPClientTransport } = await load('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const { StdioClientTransport } = await load('@modelcontextprotocol/sdk/client/stdio.js');
  const types = await load('@modelcontextprotocol/sdk/types.js');
  return {
    Client, Http: StreamableHTTPClientTransport, Stdio: StdioClientTransport, options: { capabilities },
    key: (method) => ({
      'elicitation/create': types.ElicitRequestSchema,
      'sampling/createMessage': types.CreateMessageRequestSchema,
      'roots/list': types.ListRootsRequestSchema,
      'notifications/message': types.LoggingMessageNotificationSchema,
      'notifications/resources/updated': types.ResourceUpdatedNotificationSchema,
    })[method],
    call: (client, params, options) => client.callTool(params, undefined, options),
    /* Over stdio the version is said nowhere. */
    version: (client) => client.transport.protocolVersion,
  };
}

async function sdkV2(capabilities, versionNegotiation) {
  const { Client, StreamableHTTPClientTransport } = await load('@modelcontextprotocol/client');
  const { StdioClientTransport } = await load('@modelcontextprotocol/client/stdio');
  return {
    Client, Http: StreamableHTTPClientTransport, Stdio: StdioClientTransport,
    options: { capabilities, versionNegotiation },
    key: (method) => method,
    call: (client, params, options) => client.callTool(params, options),
    version: (client) => client.getNegotiatedProtocolVersion(),
  };
}

/*
 * A client in one of the MODES. `handlers` answer what it is asked and told, by method; `http` are
 * options of its transport over HTTP. Beside what the SDK gives it, it has tool(), which calls one,
 * and its `version`.
 */
export async function connect(address, mode, { capabilities = {}, handlers = {}, http = {} } = {}) {
  const sdk = mode === 'v1' ? await sdkV1(capabilities) : await sdkV2(capabilities, MODES[mode].versionNegotiation);
  const client = new sdk.Client({ name: 'ums-mcp-test', version: '1' }, sdk.options);
  for (const [method, handler] of Object.entries(handlers))
    if (method.startsWith('notifications/')) client.setNotificationHandler(sdk.key(method), handler);
    else client.setRequestHandler(sdk.key(method), handler);
  await client.connect(transportTo(address, http, sdk.Http, sdk.Stdio));
  client.tool = (name, args = {}, options = undefined, _meta = undefined) =>
    sdk.call(client, { name, arguments: args, _meta }, options);
  client.version = sdk.version(client);
  return client;
}

// SPDX-License-Identifier: MIT
/*
 * sdk-v1.mjs - the TypeScript SDK 1.x: the legacy era.
 *
 * usage: node sdk-v1.mjs ADDRESS VARIABLES.json    (see calls.mjs)
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Checks, everyList, everyTool, same, transportTo } from './calls.mjs';

const [address, variables] = process.argv.slice(2);
const { resolve } = createRequire(`${process.env.NPM_FOLDER}/package.json`);
const load = (name) => import(pathToFileURL(resolve(name)));
const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = await load('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { StdioClientTransport } = await load('@modelcontextprotocol/sdk/client/stdio.js');

const vars = JSON.parse(readFileSync(variables));
const checks = new Checks();
const client = new Client({ name: 'ums-mcp-test', version: '1' }, { capabilities: {} });
const transport = transportTo(address, StreamableHTTPClientTransport, StdioClientTransport);
await client.connect(transport);
/* Over stdio the version is said nowhere. */
if (transport instanceof StreamableHTTPClientTransport)
  checks.report('negotiated version', same(transport.protocolVersion, '2025-11-25'));
await checks.run('ping', async () => void (await client.ping()));
await everyList(client, checks);
await everyTool(client, checks, vars);
await client.close();
checks.end();

// SPDX-License-Identifier: MIT
/*
 * sdk-v2.mjs - the TypeScript SDK 2.x, in one of its three ways to choose the protocol.
 *
 * usage: node sdk-v2.mjs ADDRESS VARIABLES.json default|auto|pinned    (see calls.mjs)
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Checks, everyList, everyTool, same, transportTo } from './calls.mjs';

const MODES = {
  default: { options: {}, version: '2025-11-25', era: 'legacy' },
  auto: { options: { versionNegotiation: { mode: 'auto' } }, version: '2026-07-28', era: 'modern' },
  pinned: { options: { versionNegotiation: { mode: { pin: '2026-07-28' } } }, version: '2026-07-28', era: 'modern' },
};

const [address, variables, mode] = process.argv.slice(2);
const { resolve } = createRequire(`${process.env.NPM_FOLDER}/package.json`);
const { Client, StreamableHTTPClientTransport } =
  await import(pathToFileURL(resolve('@modelcontextprotocol/client')));
const { StdioClientTransport } = await import(pathToFileURL(resolve('@modelcontextprotocol/client/stdio')));

const vars = JSON.parse(readFileSync(variables));
const checks = new Checks();
const client = new Client({ name: 'ums-mcp-test', version: '1' }, MODES[mode].options);
await client.connect(transportTo(address, StreamableHTTPClientTransport, StdioClientTransport));
checks.report('negotiated version', same(client.getNegotiatedProtocolVersion(), MODES[mode].version));
checks.report('era', same(client.getProtocolEra(), MODES[mode].era));
if (MODES[mode].era === 'legacy') await checks.run('ping', async () => void (await client.ping()));
await everyList(client, checks);
await everyTool(client, checks, vars);
await client.close();
checks.end();

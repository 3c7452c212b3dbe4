// SPDX-License-Identifier: MIT
/*
 * mirror.mjs - arguments that are mirrored in Mcp-Param headers (x-mcp-header), as the
 * TypeScript SDK 2.x sends them: plain, encoded, and, when it has not listed the tools yet,
 * left out at first, which must be refused in the way that makes it list them and repeat.
 *
 * usage: node mirror.mjs URL VARIABLES.json auto|pinned
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Checks, same } from './calls.mjs';

const MODES = { auto: 'auto', pinned: { pin: '2026-07-28' } };

const [url, , mode] = process.argv.slice(2);
const { resolve } = createRequire(`${process.env.NPM_FOLDER}/package.json`);
const { Client, StreamableHTTPClientTransport } =
  await import(pathToFileURL(resolve('@modelcontextprotocol/client')));

/* Every request's tool and mirrored arguments, as they went out. */
const sent = [];
const watch = (target, init) => {
  const headers = new Headers(init?.headers);
  if (headers.get('mcp-method') === 'tools/call') sent.push(headers.get('mcp-param-query'));
  return fetch(target, init);
};

async function connect() {
  const client = new Client({ name: 'ums-mcp-test', version: '1' }, { versionNegotiation: { mode: MODES[mode] } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: watch }));
  sent.length = 0;
  return client;
}

const find = async (client, args) => {
  const result = await client.callTool({ name: 'test_mirrored_arguments', arguments: args });
  return result.isError ? result.content[0].text : result.structuredContent.contacts[0]?.contact_id;
};

const checks = new Checks();
const fresh = await connect();
await checks.run('called before the tools are listed', async () => same(await find(fresh, { query: 'bob' }), 'bob'));
checks.report('refused first, then repeated with the header', same(JSON.stringify(sent), '[null,"bob"]'));
await fresh.close();

const client = await connect();
await client.listTools();
await checks.run('string, integer and boolean', async () =>
  same(await find(client, { query: 'bob', limit: 5, exact: true }), 'bob'));
checks.report('sent once, with the header', same(JSON.stringify(sent), '["bob"]'));
for (const query of ['no \u00eb \u{1f600}', ' bob ', '=?base64?Ym9i?=', ''])
  await checks.run(`encoded: ${JSON.stringify(query)}`, async () => {
    const got = await find(client, { query });
    return got === undefined || /^\w+$/.test(got) ? undefined : got;
  });
await checks.run('left out', async () => same(/^\w+$/.test(await find(client, { limit: 1 })), true));
await client.close();
checks.end();

// SPDX-License-Identifier: MIT
/*
 * client.mjs - the TypeScript SDK 1.x comes to a bridge that it knows nothing of, without a token.
 *
 * usage: node client.mjs RUN.json      NODE_EXTRA_CA_CERTS names the CA of the bridge and the issuer
 *
 * RUN: url, issuer, scopes, secret (of the client sdk-secret), key (PEM, of sdk-key). First as a
 * person's client: 401, resource metadata, the issuer's, registration, authorization code with
 * PKCE, token, and again for the scope that a 403 asks for. Then as machines, by client credentials.
 */
import { readFileSync } from 'node:fs';
import { Checks, load, same } from '../clients/checks.mjs';

const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = await load('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { UnauthorizedError } = await load('@modelcontextprotocol/sdk/client/auth.js');
const { ClientCredentialsProvider, PrivateKeyJwtProvider } =
  await load('@modelcontextprotocol/sdk/client/auth-extensions.js');

const run = JSON.parse(readFileSync(process.argv[2]));
const checks = new Checks();
const CALLBACK = 'http://127.0.0.1/callback';       // nobody listens: we stop before we go there
const STEPS_MAX = 10;

/* What a browser does at the authorization endpoint: redirects and cookies, up to our callback. */
async function visit(url) {
  const cookies = new Map();
  for (let step = 0; step < STEPS_MAX; step++) {
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    const to = answer.headers.get('location');
    if (!to) throw new Error(`${answer.status} at ${new URL(url).pathname}: ${await answer.text()}`);
    url = new URL(to, url);
    if (url.href.startsWith(CALLBACK)) return url.searchParams;
  }
  throw new Error('redirects without end');
}

/* A person's client. It keeps everything in memory. */
class Person {
  visits = [];

  redirectUrl = CALLBACK;

  clientMetadata = {
    client_name: 'ums-mcp test', redirect_uris: [CALLBACK], application_type: 'native',
    grant_types: ['authorization_code'], response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };

  constructor(scope) { this.scope = scope; }

  state() { return 'state-of-a-test'; }

  clientInformation() { return this.information; }

  saveClientInformation(information) { this.information = information; }

  tokens() { return this.kept; }

  saveTokens(tokens) { this.kept = tokens; }

  saveCodeVerifier(verifier) { this.verifier = verifier; }

  codeVerifier() { return this.verifier; }

  async redirectToAuthorization(url) {
    this.visits.push(url);
    // The first time with less than is asked for, as a careful client may.
    if (this.visits.length === 1) url.searchParams.set('scope', this.scope);
    this.answer = await visit(url);
  }
}

/* What `action` returns, if need be after authorization. */
async function authorized(person, transport, action) {
  const before = person.visits.length;
  try {
    return await action(transport);
  } catch (e) {
    if (!(e instanceof UnauthorizedError)) throw e;
  }
  if (person.visits.length !== before + 1) throw new Error('nobody was sent to the issuer');
  const code = person.answer.get('code');
  if (!code) throw new Error(`no code: ${person.answer}`);
  await transport.finishAuth(code);
  return undefined;
}

const text = (result) => result.content?.[0]?.text;
const called = (result) => (result.isError ? `it failed: ${text(result)}` : undefined);
const call = (client, name) => client.callTool({ name, arguments: { item_id: '1' } });
const names = async (client) => (await client.listTools()).tools.map((tool) => tool.name)
  .filter((name) => name.endsWith('_item')).sort().join();
const ALL = 'move_item,open_item,read_item,send_item';
const newClient = () => new Client({ name: 'ums-mcp-test', version: '1' }, { capabilities: {} });

async function asPerson() {
  const [read] = run.scopes;
  const person = new Person(read);
  const first = new StreamableHTTPClientTransport(new URL(run.url), { authProvider: person });
  await checks.run('401 leads to the issuer and back with a code', async () => {
    await authorized(person, first, () => newClient().connect(first));
    const [url] = person.visits;
    return same(url.origin, new URL(run.issuer).origin)
      ?? same(url.searchParams.get('resource'), run.url)
      ?? same(url.searchParams.get('code_challenge_method'), 'S256')
      ?? same(person.answer.get('iss'), run.issuer)
      ?? same(person.kept?.token_type, 'Bearer');
  });
  await first.close();

  const client = newClient();
  const transport = new StreamableHTTPClientTransport(new URL(run.url), { authProvider: person });
  await checks.run('connects with the token', async () => void (await client.connect(transport)));
  await checks.run('lists what the scope allows', async () => same(await names(client), 'open_item,read_item'));
  await checks.run('calls a tool', async () => called(await call(client, 'read_item')));
  await checks.run('403 leads to the issuer for more scope', async () => {
    const early = await authorized(person, transport, () => call(client, 'move_item'));
    if (early) return 'it was called without the scope';
    const asked = (person.visits[1]?.searchParams.get('scope') ?? '').split(' ').sort().join(' ');
    return same(asked, [...run.scopes].sort().join(' '));
  });
  await checks.run('calls the tool with more scope', async () => called(await call(client, 'move_item')));
  await checks.run('lists all', async () => same(await names(client), ALL));
  await client.close();
}

async function asMachine(name, provider) {
  const client = newClient();
  await checks.run(`${name}: connects`, async () => void (await client.connect(
    new StreamableHTTPClientTransport(new URL(run.url), { authProvider: provider }))));
  await checks.run(`${name}: lists`, async () => same(await names(client), ALL));
  await checks.run(`${name}: calls`, async () => called(await call(client, 'send_item')));
  await client.close();
}

await asPerson();
const machine = { scope: run.scopes.join(' '), expectedIssuer: run.issuer };
await asMachine('client_secret_basic', new ClientCredentialsProvider({
  ...machine, clientId: 'sdk-secret', clientSecret: run.secret }));
await asMachine('private_key_jwt', new PrivateKeyJwtProvider({
  ...machine, clientId: 'sdk-key', privateKey: run.key, algorithm: 'ES256' }));
checks.end();

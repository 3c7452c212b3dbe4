// SPDX-License-Identifier: MIT
/*
 * issuer.mjs - the authorization server of the tests: oidc-provider behind one HTTPS port, and
 * a second port, plain and on loopback, by which a test steers it.
 *
 * usage: node issuer.mjs CONFIG.json      until TERM, or until its standard input ends
 *
 * CONFIG: port, control (ports), cert, key (files), clients (oidc-provider's metadata, and
 * access_token_alg, access_token_ttl and access_token_format of our own), scopes (a list).
 * Prints {"issuer": ..., "control": ...} when it listens.
 *
 * A resource (RFC 8707) is any https or http URL on loopback, and the audience of its tokens.
 * Whoever comes to /auth is logged in as "resident" and has agreed to everything at once.
 *
 * The other port, JSON in and out:
 *   GET  /test/counts                       {"jwks": 1, "token client_credentials bridge": 2,
 *                                           "auth client_secret_post bridge": 2, ...}
 *   GET  /test/issued                       every access token that was given out
 *   POST /test/rotate {"after_s", "keep_s"} new keys are published now, sign after_s (1) later, and
 *                                           keep_s (10) after that the old ones are gone; answers
 *                                           with the new kids
 *   POST /test/down {"seconds", "how"}      for so long; 0 ends it: "refuse" (connections), "503",
 *                                           "page" (200 and HTML), "hang" (no answer)
 *   POST /test/slow {"ms"}                  from now on every answer comes so much later
 *   POST /test/sign {"claims", "alg", "header", "foreign"}   a token that the server would not
 *                                           give; foreign: by a key that it does not publish
 *   POST /test/verify {"token", "audience"} its claims, or {"error": ...}
 *
 * oidc-provider's keys are fixed when it is made. So a rotation makes another Provider with the new
 * set behind the same server; clients, tokens and grants are in one store that all of them share.
 */
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

const { resolve } = createRequire(`${process.env.NPM_FOLDER}/package.json`);
const load = (name) => import(pathToFileURL(resolve(name)));
const { Provider, errors } = await load('oidc-provider');
const jose = await load('jose');

const config = JSON.parse(readFileSync(process.argv[2]));
const issuer = `https://localhost:${config.port}`;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'];

// ---- what is counted and steered

let provider;
const counts = {};
const issued = [];
const state = { down: null, slow: 0 };

function count(name) {
  counts[name] = (counts[name] ?? 0) + 1;
}

// ---- keys: a generation has one for each algorithm

let generation = 0;
let signing;                    // alg -> kid, of the generation that signs
const published = [];           // private JWKs, in the order they came
const everPublished = [];       // public ones, for /test/verify
const foreign = {};             // alg -> a key of nobody's

async function makeKey(alg, kid) {
  const options = alg === 'EdDSA' ? { crv: 'Ed25519' } : {};
  const { privateKey } = await jose.generateKeyPair(alg, { extractable: true, ...options });
  return { ...await jose.exportJWK(privateKey), alg, use: 'sig', kid };
}

function publicPart({ d, p, q, dp, dq, qi, ...rest }) {
  return rest;
}

async function newGeneration() {
  generation += 1;
  const keys = await Promise.all(ALGORITHMS.map((alg) => makeKey(alg, `g${generation}-${alg}`)));
  published.push(...keys);
  everPublished.push(...keys.map(publicPart));
  return Object.fromEntries(keys.map(({ alg, kid }) => [alg, kid]));
}

async function rotate({ after_s: after = 1, keep_s: keep = 10 }) {
  const old = published.map(({ kid }) => kid);
  const fresh = await newGeneration();
  provider = makeProvider();
  setTimeout(() => {
    signing = fresh;
    setTimeout(() => {
      published.splice(0, published.length, ...published.filter(({ kid }) => !old.includes(kid)));
      provider = makeProvider();
    }, keep * 1000).unref();
  }, after * 1000).unref();
  return fresh;
}

async function sign({ claims, alg = 'ES256', header = {}, foreign: isForeign = false }) {
  if (isForeign) foreign[alg] ??= await makeKey(alg, 'foreign');
  const jwk = isForeign ? foreign[alg] : published.find(({ kid }) => kid === signing[alg]);
  return { token: await new jose.SignJWT(claims)
    .setProtectedHeader({ alg, kid: jwk.kid, typ: 'at+jwt', ...header })
    .sign(await jose.importJWK(jwk, alg)) };
}

async function claimsOf(token, audience) {
  const keys = jose.createLocalJWKSet({ keys: everPublished });
  return (await jose.jwtVerify(token, keys, { issuer, audience })).payload;
}

// ---- the store, shared by one Provider after the other

const store = new Map();

class Store {
  constructor(model) { this.model = model; }

  key(id) { return `${this.model}:${id}`; }

  async upsert(id, payload) { store.set(this.key(id), payload); }

  async find(id) { return store.get(this.key(id)); }

  async findBy(member, value) {
    for (const [key, payload] of store) {
      if (key.startsWith(`${this.model}:`) && payload[member] === value) return payload;
    }
    return undefined;
  }

  async findByUid(uid) { return this.findBy('uid', uid); }

  async findByUserCode(code) { return this.findBy('userCode', code); }

  async consume(id) { store.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }

  async destroy(id) { store.delete(this.key(id)); }

  async revokeByGrantId(grant) {
    for (const [key, payload] of store) if (payload.grantId === grant) store.delete(key);
  }
}

// ---- the provider

function resourceServer(ctx, resource, client) {
  const { protocol, hostname } = new URL(resource);
  if (!['http:', 'https:'].includes(protocol) || !['127.0.0.1', 'localhost'].includes(hostname)) {
    throw new errors.InvalidTarget();
  }
  const alg = client.access_token_alg ?? 'ES256';
  return {
    audience: resource,
    scope: config.scopes.join(' '),
    accessTokenFormat: client.access_token_format ?? 'jwt',
    accessTokenTTL: client.access_token_ttl ?? 600,
    jwt: { sign: { alg, kid: signing[alg] } },
  };
}

/* RFC 8693: one of our own access tokens for one of the same subject, meant for somebody else. */
async function exchange(ctx) {
  const { params, client } = ctx.oidc;
  if (!params.subject_token) throw new errors.InvalidRequest('subject_token is missing');
  if (params.subject_token_type !== ACCESS_TOKEN) {
    throw new errors.InvalidRequest('subject_token_type is not that of an access token');
  }
  const target = params.resource ?? params.audience;
  if (typeof target !== 'string') throw new errors.InvalidTarget('one audience or resource');
  let subject;
  try {
    subject = await claimsOf(params.subject_token);
  } catch {
    throw new errors.InvalidGrant('subject_token is not a valid token of this server');
  }
  const asked = params.scope ? params.scope.split(' ') : config.scopes;
  if (asked.some((scope) => !config.scopes.includes(scope))) throw new errors.InvalidScope('unknown');
  const server = new ctx.oidc.provider.ResourceServer(target, resourceServer(ctx, target, client));
  const token = new ctx.oidc.provider.AccessToken({
    accountId: subject.sub, client, gty: 'token_exchange', scope: asked.join(' '),
  });
  token.resourceServer = server;
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: ACCESS_TOKEN,
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope: token.scope,
  };
}

function makeProvider() {
  const made = new Provider(issuer, {
    adapter: Store,
    clients: config.clients,
    jwks: { keys: [...published].reverse() },   // an id_token's key is the newest
    scopes: ['openid', 'offline_access', ...config.scopes],
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    extraClientMetadata: { properties: ['access_token_alg', 'access_token_ttl', 'access_token_format'] },
    enabledJWA: { clientAuthSigningAlgValues: ALGORITHMS },
    cookies: { keys: ['cookies of a test'] },
    extraTokenClaims: (_, token) => (token.gty === 'token_exchange'
      ? { act: { sub: token.clientId } } : undefined),
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    ttl: { ClientCredentials: (_, token) => token.resourceServer?.accessTokenTTL ?? 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_, client) => client.clientAuthMethod !== 'none' },
      revocation: { enabled: true },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: resourceServer,
        useGrantedResource: () => true,
      },
    },
  });
  made.registerGrantType(EXCHANGE, exchange, [
    'subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'audience', 'resource',
    'scope', 'requested_token_type']);
  made.use(async (ctx, next) => {
    await next();
    const { route, params, client } = ctx.oidc ?? {};
    if (!route) return;
    // The library takes a secret either way from a client that is registered for one of them.
    if (client && ['token', 'introspection'].includes(route)) {
      count(`auth ${ctx.headers.authorization ? 'client_secret_basic'
        : params.client_assertion ? 'private_key_jwt'
          : params.client_secret ? 'client_secret_post' : 'none'} ${client.clientId}`);
    }
    count(route !== 'token' ? route
      : `token ${String(params?.grant_type).replace(/.*:/, '')} ${client?.clientId ?? params?.client_id ?? '?'}`);
    if (route === 'token' && ctx.body?.access_token) issued.push(ctx.body.access_token);
  });
  made.on('server_error', (ctx, e) => console.error(ctx.path, e));
  return made;
}

/* A person would be asked here. This one is logged in and agrees, each by a redirect. */
async function interact(req, res) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
  if (prompt.name === 'login') {
    return provider.interactionFinished(req, res, { login: { accountId: 'resident' } });
  }
  const grant = grantId ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: true });
}

// ---- the two servers

async function serve(req, res) {
  if (state.slow) await sleep(state.slow);
  if (state.down === '503') {
    count('503');
    res.writeHead(503, { 'Retry-After': '1' }).end();
  } else if (state.down === 'page') {
    count('page');
    res.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Please wait</html>');
  } else if (state.down === 'hang') {
    count('hang');
  } else if (req.url.startsWith('/interaction/')) {
    await interact(req, res);
  } else {
    await provider.callback()(req, res);
  }
}

function listen(server, port) {
  return new Promise((done, failed) => {
    server.once('error', failed).listen(port, '127.0.0.1', done);
  });
}

let timer;
async function down({ seconds, how = 'refuse' }) {
  clearTimeout(timer);
  if (state.down === 'refuse') await listen(front, config.port);
  state.down = null;
  if (!seconds) return {};
  state.down = how;
  if (how === 'refuse') {
    await new Promise((done) => {
      front.close(done);
      front.closeAllConnections();
    });
  }
  timer = setTimeout(() => down({ seconds: 0 }), seconds * 1000);
  return {};
}

const CONTROL = {
  'GET /test/counts': () => counts,
  'GET /test/issued': () => issued,
  'POST /test/rotate': rotate,
  'POST /test/down': down,
  'POST /test/slow': ({ ms }) => { state.slow = ms; return {}; },
  'POST /test/sign': sign,
  'POST /test/verify': ({ token, audience }) => claimsOf(token, audience)
    .catch((e) => ({ error: e.message })),
};

async function steer(req, res) {
  const action = CONTROL[`${req.method} ${req.url}`];
  if (!action) return res.writeHead(404).end();
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  const answer = await action(chunks.length ? JSON.parse(Buffer.concat(chunks)) : {});
  return res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
}

function guarded(handler) {
  return (req, res) => handler(req, res).catch((e) => {
    console.error(req.method, req.url.split('?')[0], e);
    if (!res.headersSent) res.writeHead(500, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify({ error: String(e.message) }));
  });
}

signing = await newGeneration();
provider = makeProvider();
const front = createHttps({ cert: readFileSync(config.cert), key: readFileSync(config.key) }, guarded(serve));
const control = createHttp(guarded(steer));
await listen(front, config.port);
await listen(control, config.control);
process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0)).resume();    // whoever started us is gone
console.log(JSON.stringify({ issuer, control: `http://127.0.0.1:${config.control}` }));

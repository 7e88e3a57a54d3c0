// The environment server against the programs it is for, unmodified: OpenEnv's validator, clients and models, the ORS client, and
// OpenEnv's reference server, message by message. Each check is also made against a server that is wrong in one way, and must fail.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type EnvServer, serveEnv } from '../../src/serve/env/index.ts';
import { HERE, loadWorlds } from '../../src/world/index.ts';
import { type Check, checkClients, findPython, type Reference, startReference, validate } from './openenv/python.ts';
import { type Harm, type Saboteur, startSaboteur } from './openenv/saboteur.ts';
import { SUITE } from './openenv/suite.ts';
import { compareTalks, talkTo } from './openenv/wire.ts';

const CONTACT = '555-0101, ben@home.example, Mill Lane 4';

/** What each check is blind to if it does not fail here. */
const HARMS: { readonly [check: string]: Harm } = {
  // A reward that is not what was earned.
  generic: (text) => text.replaceAll('"reward":0.9', '"reward":0.8'),
  // A result in another shape.
  tools: (text) => text.replaceAll('"data":"', '"date":"'),
  // A seed that is not the one asked for.
  sync: (text) => text.replaceAll('"seed":3', '"seed":4'),
  // A key the protocol does not know.
  models: (text) => text.replaceAll('"tool_name":', '"more":1,"tool_name":'),
  // An end that never comes.
  ors: (text) => text.replaceAll('"finished":true', '"finished":false'),
  // Not the text format.
  metrics: (text, path) => (path === '/metrics' ? text.replaceAll('_total ', '_total{ ') : text),
};

await loadWorlds();
const python = await findPython();
const skip = typeof python === 'string' ? python : false;
const rules = { naming: 'scenario', credit: 'steps', preset: 'tribune' } as const;
const base = { name: 'toy', version: '1', scenarios: SUITE, rules, place: HERE, workers: 2, now: Date.now } as const;

const servers: EnvServer[] = [];
const saboteurs = new Map<string, Saboteur>();
let reference: Reference | null = null;
/** Faults by check: of the right server, then of the wrong one. */
const faults = new Map<string, readonly (string | null | undefined)[]>();

if (typeof python !== 'string') {
  const server = await serveEnv(base);
  servers.push(server);
  for (const [check, harm] of Object.entries(HARMS)) saboteurs.set(check, await startSaboteur(server.url, harm));
  const right = Object.keys(HARMS).map((check): Check => [check, server.url]);
  const wrong = Object.keys(HARMS).map((check): Check => [check, saboteurs.get(check)?.url ?? '']);
  const found = await checkClients(python.path, [...right, ...wrong]);
  for (const [at, [check]] of right.entries()) faults.set(check, [found[at], found[right.length + at]]);
  reference = await startReference(python.path, { prompt: 'Pay Ben 20.', find_contact: CONTACT, pay_person: 'done' });
}

after(async () => {
  reference?.close();
  for (const saboteur of saboteurs.values()) await saboteur.close();
  for (const server of servers) await server.close();
});

for (const check of Object.keys(HARMS)) {
  test(`official clients: ${check}, and not with a server that is wrong`, { skip }, () => {
    const [right, wrong] = faults.get(check) ?? [];
    assert.equal(right, null);
    assert.equal(typeof wrong, 'string', 'the wrong server passed');
  });
}

test('openenv validate --url passes, and not where the server is unhealthy or hides a route', { skip }, async () => {
  assert.ok(typeof python !== 'string');
  const url = servers[0]!.url;
  const { passed, text } = await validate(python.path, url);
  assert.ok(passed && /Verdict: PASS/.test(text), text);
  const harms: readonly Harm[] = [
    (answer) => answer.replace('"healthy"', '"ok"'),
    (answer, path) => (path === '/openapi.json' ? answer.replace('"/step"', '"/stop"') : answer),
    (answer, path) => (path === '/mcp' ? answer.replace('"2.0"', '"1.0"') : answer),
  ];
  for (const harm of harms) {
    const saboteur = await startSaboteur(url, harm);
    const wrong = await validate(python.path, saboteur.url);
    await saboteur.close();
    assert.ok(!wrong.passed && /Verdict: FAIL/.test(wrong.text), wrong.text);
  }
});

test('message by message it answers as the reference server does, and a wrong one is told apart', {
  skip,
}, async () => {
  assert.ok(reference !== null);
  const theirs = await talkTo(reference.url);
  const ours = await talkTo(servers[0]!.url);
  assert.equal(ours.length, 52);
  assert.deepEqual(compareTalks(ours, theirs), []);
  const harms: readonly Harm[] = [
    (text) => text.replaceAll('VALIDATION_ERROR', 'EXECUTION_ERROR'),
    (text) => text.replaceAll('-32601', '-32600'),
    (text) => text.replaceAll('"step_count":2', '"step_count":1'),
    (text) => text.replaceAll('"done":false', '"done":null'),
    (text) => text.replaceAll('tool_not_found', 'execution_error'),
  ];
  for (const harm of harms) {
    const saboteur = await startSaboteur(servers[0]!.url, harm);
    const differences = compareTalks(await talkTo(saboteur.url), theirs);
    await saboteur.close();
    assert.notDeepEqual(differences, []);
  }
});

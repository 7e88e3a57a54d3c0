import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { InputError } from '../../episode/input.ts';
import { Environment, stageScenario } from '../environment.ts';
import { billScenario } from '../fixtures.ts';
import { findPyodide } from '../python/session.ts';
import { type Scenario, scenarioSchema } from '../scenario.ts';
import { loadWorlds } from '../world.ts';
import { convertRecall } from './recall.ts';

before(loadWorlds);

const SOURCE = `
  function add({ a, b }) { return a + b; }
  function who({ name }) { return world.rows('people', { name }).map((row) => row.phone).join() || 'nobody'; }
  async function later() { await null; return { later: true }; }
  const count = () => { const n = (world.get('n') ?? 0) + 1; world.set('n', n); return n; };
  function save({ file, text }) { world.files.write(file, text); return world.files.list(); }
  function spoil({ file }) { world.files.write(file, 'spoilt'); throw new TypeError('no'); }
  function now() { return new Date().toISOString() + ' ' + new Date(2026, 0, 1).toString(); }
  function chance() { return [Math.random(), Math.random()]; }
  let kept = 0;
  function state() { return ++kept; }`;

const TOOLS: { readonly [name: string]: { readonly [argument: string]: string } } = {
  add: { a: 'integer', b: 'integer' },
  who: { name: 'string' },
  later: {},
  count: {},
  save: { file: 'string', text: 'string' },
  spoil: { file: 'string' },
  now: {},
  chance: {},
  state: {},
  missing: {},
};

const scripted: Scenario = scenarioSchema.parse({
  ...billScenario,
  tools: Object.keys(TOOLS).map((name) => ({ tool: name, as: name, args: {} })),
  state: { ...billScenario.state, people: [{ name: 'Anna', phone: '12' }] },
  scripts: [
    {
      name: 'kit',
      source: SOURCE,
      pass: 'object',
      grants: { read: ['people'], write: ['files'] },
      tools: Object.entries(TOOLS).map(([name, args]) => ({
        name,
        description: `The tool ${name}.`,
        parameters: {
          type: 'object',
          properties: Object.fromEntries(Object.entries(args).map(([key, type]) => [key, { type }])),
          required: Object.keys(args),
        },
        effects: ['reads'],
      })),
    },
  ],
});

const open = (scenario = scripted, seed = 1): Environment => new Environment(stageScenario(scenario), seed);

async function run(environment: Environment, name: string, args: { readonly [name: string]: string | number } = {}) {
  const observation = await environment.step({ kind: 'call', call: { name, arguments: args } });
  assert.ok('text' in observation);
  return observation.kind === 'error' ? `error: ${observation.text}` : observation.text;
}

describe('a tool that a scenario brings', () => {
  it('is really run, with checked arguments', async () => {
    const environment = open();
    assert.equal(await run(environment, 'add', { a: 2, b: 40 }), '42');
    assert.equal(await run(environment, 'add', { a: 2 }), 'error: missing argument: b');
    assert.equal(await run(environment, 'add', { a: 'x', b: 1 }), 'error: a must be a whole number');
    assert.equal(await run(environment, 'later'), '{"later":true}');
    assert.equal(await run(environment, 'missing'), 'error: the script defines no function missing');
  });

  it('is shown with its schema, and its results say where they come from', async () => {
    const stage = stageScenario(scripted);
    assert.deepEqual(stage.tools[1], {
      name: 'who',
      description: 'The tool who.',
      parameters: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    });
    const environment = open();
    const observation = await environment.step({ kind: 'call', call: { name: 'add', arguments: { a: 1, b: 1 } } });
    assert.deepEqual(observation, { kind: 'result', text: '2', origin: 'script kit' });
    assert.equal(environment.world.query("select kind || ' ' || name from origins where call = 1"), 'script kit');
  });

  it('sees what it was granted', async () => {
    const environment = open();
    assert.equal(await run(environment, 'who', { name: 'Anna' }), '12');
    assert.equal(await run(environment, 'who', { name: "x' or 1 or '" }), 'nobody');
    assert.equal(await run(environment, 'save', { file: 'a', text: 'b' }), '["a"]');
    assert.equal(environment.world.query("select text from files where name = 'a'"), 'b');
  });

  it('keeps what it keeps in the world and nowhere else', async () => {
    const environment = open();
    assert.deepEqual([await run(environment, 'count'), await run(environment, 'count')], ['1', '2']);
    assert.equal(environment.world.query("select value from memory where script = 'kit' and key = 'n'"), '2');
    assert.deepEqual([await run(environment, 'state'), await run(environment, 'state')], ['1', '1']);
    assert.equal(await run(open(), 'count'), '1');
  });

  it('changes nothing if it fails', async () => {
    const environment = open();
    assert.equal(await run(environment, 'spoil', { file: 'a' }), 'error: TypeError: no');
    assert.equal(environment.world.query('select count(*) from files'), 0);
  });

  it("has the world's clock, in UTC, and seeded chance", async () => {
    const [one, two, other] = [open(), open(), open(scripted, 2)];
    assert.equal(await run(one, 'now'), '2026-01-05T09:01:00.000Z Thu Jan 01 2026 00:00:00 GMT+0000');
    await run(two, 'now');
    await run(other, 'now');
    const drawn = await run(one, 'chance');
    assert.equal(await run(two, 'chance'), drawn);
    assert.notEqual(await run(other, 'chance'), drawn);
    const [first, second] = JSON.parse(drawn);
    assert.ok(first !== second && first >= 0 && first < 1);
  });

  it('gives the same bytes alone and with others', async () => {
    const play = async (): Promise<Uint8Array> => {
      const environment = open();
      for (const name of ['count', 'chance', 'now']) await run(environment, name);
      return environment.world.image();
    };
    const alone = await play();
    for (const image of await Promise.all([play(), play(), play()])) assert.deepEqual(image, alone);
  });

  it('cannot take the name of a tool of the world, nor be granted what is not there', () => {
    const [script] = scripted.scripts ?? [];
    assert.ok(script);
    const taken = { ...script, tools: [{ ...script.tools[0]!, name: 'read_mail' }] };
    assert.throws(() => stageScenario({ ...scripted, scripts: [taken] }), /two tools are called read_mail/);
    const greedy = { ...script, grants: { read: ['calls'], write: [] } };
    assert.throws(() => stageScenario({ ...scripted, scripts: [greedy] }), InputError);
  });
});

const ROW = {
  data_source: 'arithmetic',
  question: 'What is 17 times 23?',
  ability: 're_call',
  reward_model: { style: 'rule', ground_truth: ['391'] },
  extra_info: {
    env: 'function multiply(a, b) { return a * b; }',
    func_schemas: JSON.stringify([
      {
        type: 'function',
        function: {
          name: 'multiply',
          description: 'Multiply two numbers.',
          parameters: {
            type: 'object',
            properties: { a: { type: 'integer' }, b: { type: 'integer' } },
            required: ['a', 'b'],
          },
        },
      },
    ]),
  },
};

const convert = (extra: object): Promise<Scenario> => {
  const row = { ...ROW, extra_info: { ...ROW.extra_info, ...extra } };
  return convertRecall(row, { split: 'train', index: 3 }, 'rows.jsonl:3');
};

describe('a row of ReCall', () => {
  it('with JavaScript becomes a scenario whose tools run and whose answer is the goal', async () => {
    const scenario = await convert({});
    assert.deepEqual([scenario.id, scenario.request, scenario.family], ['recall-train-3', ROW.question, 'arithmetic']);
    const environment = open(scenario);
    assert.equal(await run(environment, 'multiply', { b: 23, a: 17 }), '391');
    assert.deepEqual(environment.judge().goal, false);
    await environment.step({ kind: 'final', text: 'It is 391.' });
    assert.deepEqual(environment.judge(), { goal: true, harms: [] });
  });

  it('with Python is a script in Python, or told what it needs where Python is not installed', async () => {
    if (findPyodide() === null) {
      const told = /rows\.jsonl:3: the environment is Python.*needs the optional Python worker/;
      await assert.rejects(convert({ env: 'def f(a):\n    return a' }), told);
      return;
    }
    const { scripts } = await convert({ env: 'def f(a):\n    return a' });
    assert.equal(scripts?.[0]?.language, 'python');
    await assert.rejects(convert({ env: 'class A:\n  pass\nnothing' }), /does not load as Python: NameError/);
  });

  it('with what does not load is told where it fails', async () => {
    await assert.rejects(convert({ env: 'function f( {' }), /does not load as JavaScript: SyntaxError/);
    await assert.rejects(convert({ env: 'for (;;);' }), /does not load as JavaScript: too much work/);
    await assert.rejects(convert({ func_schemas: '[]' }), /func_schemas/);
  });
});

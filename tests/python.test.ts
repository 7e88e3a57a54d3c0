// Tools in Python: rows of ReCall with Python environments, as a user converts, checks, plays and replays them; the same
// bytes every time; limits; and probes, each of which first succeeds against an unprotected Pyodide and then fails here.
// Skipped where the optional package `pyodide` is not installed, or no wall holds.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ServerSession } from '../src/world/mcp/servers.ts';
import { findPyodide, openPython } from '../src/world/python/session.ts';
import { strongestWall } from '../src/world/sandbox/walls.ts';
import type { Script } from '../src/world/script/schema.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const wall = await strongestWall();
const skip = findPyodide() === null ? 'no pyodide' : wall === 'inside' ? 'no wall holds here' : false;
const folder = mkdtempSync(join(tmpdir(), 'tribune-python-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(words: string) {
  const args = ['--conditions=tribune-source', pathOf('../src/cli/main.ts'), ...words.split(' ')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder });
  return { code: status, out: stdout, err: stderr };
}

const scriptOf = (source: string): Script => ({
  name: 'probe',
  language: 'python',
  source,
  pass: 'positional',
  tools: [{ name: 'f', description: '', parameters: { type: 'object', properties: {}, required: [] }, effects: [] }],
  grants: { read: [], write: [] },
});

/** Calls `f` of each source, all in one process. */
async function callAll(
  sources: readonly string[],
  behind?: 'child',
): Promise<{ readonly ok: boolean; readonly said: string }[]> {
  const scripts = sources.map((source, at) => {
    const script = scriptOf(source.replace('def f(', `def f${at}(`));
    return { ...script, name: `probe${at}`, tools: script.tools.map((tool) => ({ ...tool, name: `f${at}` })) };
  });
  const session: ServerSession = (await openPython(scripts, behind)).open();
  try {
    const answers = [];
    for (const at of sources.keys()) {
      const result = await session.call(`f${at}`, {});
      answers.push({ ok: result.ok, said: result.ok ? result.text : result.error });
    }
    return answers;
  } finally {
    session.close();
  }
}

describe('a row of ReCall in Python', { skip }, () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'integer' }, b: { type: 'integer' } },
    required: ['a', 'b'],
  };
  const row = {
    data_source: 'arithmetic',
    question: 'What is 17 times 23?',
    reward_model: { ground_truth: ['391'] },
    extra_info: {
      env: 'import math\n\ndef multiply(a, b):\n    return a * b\n',
      func_schemas: JSON.stringify([{ type: 'function', function: { name: 'multiply', parameters: schema } }]),
    },
  };

  it('is converted, checked, played behind a wall by really calling it, and replayed from the record', () => {
    writeFileSync(join(folder, 'rows.jsonl'), `${JSON.stringify(row)}\n`);
    const converted = run('convert recall rows.jsonl --out converted.jsonl');
    assert.equal(converted.code, 0, converted.err);
    assert.equal(run('check converted.jsonl').code, 0);
    const scenario = JSON.parse(readFileSync(join(folder, 'converted.jsonl'), 'utf8'));
    const call = { name: 'multiply', arguments: { a: 17, b: 23 } };
    const plan = [{ kind: 'call', call, own: true, facts: [] }, ...scenario.plan];
    writeFileSync(join(folder, 'calling.jsonl'), `${JSON.stringify({ ...scenario, plan })}\n`);
    const played = run('rollout calling.jsonl --policy scripted:oracle --out episodes.jsonl --json');
    assert.equal(JSON.parse(played.out).wall, wall, played.err);
    const [step] = JSON.parse(readFileSync(join(folder, 'episodes.jsonl'), 'utf8')).steps;
    assert.deepEqual(step.observation, { kind: 'result', text: '391', origin: 'script environment' });
    const replayed = run('replay episodes.jsonl --scenarios calling.jsonl --json');
    const { identical, remembered } = JSON.parse(replayed.out);
    assert.deepEqual([identical, remembered], [true, ['environment']]);
  });

  it('that does not load is told with what Python says', () => {
    const broken = { ...row, extra_info: { ...row.extra_info, env: 'import nothing_of_that_name\n' } };
    writeFileSync(join(folder, 'broken.jsonl'), `${JSON.stringify(broken)}\n`);
    const { code, err } = run('convert recall broken.jsonl --out none.jsonl');
    assert.equal(code, 2);
    assert.match(err, /^broken\.jsonl:1: the environment does not load as Python: ModuleNotFoundError/m);
  });
});

describe('a function in Python', { skip }, () => {
  it('begins anew with every call, tells its errors, and a long result is cut', async () => {
    const answers = await callAll([
      'count = 0\ndef f():\n    global count\n    count += 1\n    return count',
      'def f():\n    raise ValueError("not so")',
      'def f():\n    return "x" * 100000',
      'def f():\n    return {"a": [1, None, True]}',
    ]);
    assert.deepEqual(answers[0], { ok: true, said: '1' });
    assert.deepEqual(answers[1], { ok: false, said: 'ValueError: not so' });
    assert.ok(answers[2]?.said.endsWith('[cut]') && answers[2].said.length < 8100);
    assert.deepEqual(answers[3], { ok: true, said: '{"a": [1, null, true]}' });
  });

  it('finds the same clock and the same chance in every run, and not the host’s', async () => {
    const source =
      'def f():\n    import os, random, secrets, time, datetime\n    return [time.time(), str(datetime.datetime.now()), random.random(), secrets.token_hex(4), list(os.urandom(4)), hash("x"), sorted(os.environ)]';
    const [first, second] = [await callAll([source]), await callAll([source])];
    assert.ok(first[0]?.ok, first[0]?.said);
    assert.deepEqual(first, second);
    assert.match(first[0].said, /^\[1767603600/);
  });

  it('that uses up its memory is an error, and the next call has a new Python', async () => {
    const answers = await callAll(['def f():\n    return len(bytearray(3 << 30))', 'def f():\n    return "here"']);
    assert.equal(answers[0]?.ok, false);
    assert.deepEqual(answers[1], { ok: true, said: 'here' });
  });
});

describe('Python that tries to get out', { skip }, () => {
  let hits = 0;
  const server = createServer((_, response) => {
    response.end('reached');
  });
  server.on('connection', () => {
    hits += 1;
  });
  before(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)));
  after(() => server.close());

  const secret = 'a-secret-of-the-host';
  const home = join(folder, 'home');
  mkdirSync(home);
  writeFileSync(join(home, 'secret'), secret);

  /** By name: the body of a function that gives the secret if it gets there. */
  const probes: { readonly [name: string]: string } = {
    'the environment through js': 'import js\nreturn js.process.env.CANARY',
    'the environment through a js that is looked for again':
      'import sys\nsys.modules.pop("js", None)\nimport js\nreturn js.process.env.CANARY',
    'code in JavaScript': 'from pyodide.code import run_js\nreturn run_js("process.env.CANARY")',
    'eval of JavaScript': 'import js\nreturn js.eval("process.env.CANARY")',
    'the constructor of a function':
      'import sys\nsys.modules.pop("pyodide_js", None)\nimport pyodide_js\nreturn pyodide_js.runPython.constructor.constructor("return process.env.CANARY")()',
    'a folder of the host mounted': `import sys\nsys.modules.pop("pyodide_js", None)\nimport pyodide_js, os\npyodide_js.mountNodeFS("/mounted", ${JSON.stringify(home)})\nreturn open("/mounted/secret").read()`,
    'a folder of the host mounted by its file system': `import sys\nsys.modules.pop("pyodide_js", None)\nimport pyodide_js\nfrom pyodide.ffi import to_js\nFS = pyodide_js.FS\nFS.mkdir("/other")\noptions = to_js({"root": ${JSON.stringify(home)}}, dict_converter=pyodide_js.toPy and __import__("js").Object.fromEntries)\nFS.mount(FS.filesystems.NODEFS, options, "/other")\nreturn open("/other/secret").read()`,
    'a module of Node that reads': `import js\nreturn js.process.getBuiltinModule("fs").readFileSync(${JSON.stringify(join(home, 'secret'))}, "utf8")`,
    'a program of the host': `import js\nprograms = js.process.getBuiltinModule("child_process")\nreturn programs.execSync("cat ${join(home, 'secret')}", js.JSON.parse('{"encoding":"utf8"}'))`,
  };
  const sends = (port: number): { readonly [name: string]: string } => ({
    fetch: `import js\njs.fetch("http://127.0.0.1:${port}/")\nreturn "sent"`,
    'a socket': `import socket\nsocket.create_connection(("127.0.0.1", ${port})).send(b"x")\nreturn "sent"`,
    'a request': `import urllib.request\nreturn urllib.request.urlopen("http://127.0.0.1:${port}/", timeout=2).read().decode()`,
  });
  const wrap = (body: string) =>
    `def f():\n${body
      .split('\n')
      .map((line) => `    ${line}`)
      .join('\n')}\n`;

  /** What an unprotected Pyodide answers, as its documentation starts it. */
  function callUnprotected(sources: readonly string[]): Promise<(string | null)[]> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [pathOf('./python/unprotected.mjs')], {
        env: { ...process.env, CANARY: secret },
      });
      let out = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
      child.on('error', reject);
      child.on('close', () => resolve(JSON.parse(out)));
      child.stdin.end(JSON.stringify(sources));
    });
  }

  it('reads nothing of the host, where an unprotected Pyodide reads it', async () => {
    const tried = Object.entries(probes);
    const sources = tried.map(([, body]) => wrap(body));
    const control = await callUnprotected(sources);
    process.env.CANARY = secret;
    const here = await callAll(sources);
    for (const [at, [name]] of tried.entries()) {
      assert.equal(control[at], secret, `the control: ${name}`);
      assert.equal(here[at]?.ok, false, `${name}: ${here[at]?.said}`);
      assert.ok(!here[at]?.said.includes(secret), name);
    }
  });

  it('reaches no server, where an unprotected Pyodide does', async () => {
    const { port } = server.address() as AddressInfo;
    const reaching = Object.entries(sends(port)).filter(([name]) => name !== 'a request');
    for (const [name, body] of reaching) {
      hits = 0;
      await callUnprotected([wrap(body)]);
      assert.ok(hits > 0, `the control: ${name}`);
    }
    hits = 0;
    for (const behind of [undefined, 'child'] as const) await callAll(Object.values(sends(port)).map(wrap), behind);
    assert.equal(hits, 0);
  });
});

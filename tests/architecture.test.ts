// The shape of the source, as a test: which folder may import which, what only a few files may touch, how long a file
// may be, no circles. The rules are in architecture/rules.ts; every rule is also applied to small bad sources below: a
// rule that finds nothing in them is broken.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listImports } from './architecture/imports.ts';
import {
  findAny,
  findCycles,
  findEvaluations,
  findHeadless,
  findImpurities,
  findLoaded,
  findLong,
  findOrderFaults,
  findPackageFaults,
  findSilencers,
  type Source,
} from './architecture/rules.ts';

// --- the source as it is

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES: readonly Source[] = globSync('src/**/*.ts', { cwd: ROOT })
  .map((path) => path.split(sep).join('/'))
  .sort()
  .map((path) => ({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') }));
const PACKAGE = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'));
const DEPENDENCIES = Object.keys({ ...PACKAGE.dependencies, ...PACKAGE.optionalDependencies });
const PEERS = Object.keys(PACKAGE.peerDependencies ?? {});

/** Applies a rule to every source; the message lists all faults. */
function checkAll(rule: (source: Source) => readonly string[]): void {
  const faults = SOURCES.flatMap((source) => rule(source));
  assert.equal(faults.join('\n'), '');
}

test('there is source to check', () => assert.ok(SOURCES.length > 5));
test('a folder imports only from folders left of it', () => checkAll(findOrderFaults));
test('the core imports nothing but zod, the rest only dependencies', () =>
  checkAll((s) => findPackageFaults(s, DEPENDENCIES, PEERS)));

test('every peer is optional', () => {
  for (const name of PEERS) assert.equal(PACKAGE.peerDependenciesMeta?.[name]?.optional, true, name);
});
test('time, chance and environment stay in cli and world/sandbox', () => checkAll(findImpurities));
test('no text is run as code on the host', () => checkAll(findEvaluations));
test('no type is any', () => checkAll(findAny));
test('no comment silences a check', () => checkAll(findSilencers));
test('no file is longer than 400 lines', () => checkAll(findLong));
test('every file opens by saying what it is', () => checkAll(findHeadless));
test('no file loads itself by a detour', () => assert.equal(findCycles(SOURCES).join('\n'), ''));

test('whoever loads the guard loads no package but zod', () => {
  assert.equal(findLoaded(SOURCES, 'guard', ['zod']).join('\n'), '');
});

test('every sub-path of the package has its source, every index.ts of a folder its sub-path', () => {
  const exported: { readonly [path: string]: { readonly [condition: string]: string } } = PACKAGE.exports;
  const indexes = SOURCES.map(({ path }) => path).filter((path) => /^src\/(\w+\/)?index\.ts$/.test(path));
  const sources = Object.values(exported).map((conditions) => conditions['tribune-source']?.slice(2) ?? '(none)');
  for (const path of sources)
    assert.ok(
      SOURCES.some((source) => source.path === path),
      path,
    );
  for (const path of indexes) assert.ok(sources.includes(path), path);
  for (const { default: built, types } of Object.values(exported)) assert.equal(types, built?.replace(/js$/, 'd.ts'));
});

// --- negative controls

/** Asserts that a rule finds a fault in each bad text and none in each good one. */
function controlRule(
  rule: (s: Source) => readonly string[],
  path: string,
  bad: readonly string[],
  good: readonly string[],
): void {
  for (const text of bad) assert.equal(rule({ path, text }).length, 1, `not found in: ${text}`);
  for (const text of good) assert.deepEqual(rule({ path, text }), [], `wrongly found in: ${text}`);
}

test('every way to write an import is seen', () => {
  const ways = [
    "import '../train/grpo.ts';",
    "import x from '../train/grpo.ts';",
    "import * as x from '../train/grpo.ts';",
    "import { a, b } from '../train/grpo.ts'",
    "import type { A } from '../train/grpo.ts';",
    "import { type A } from '../train/grpo.ts';",
    "export { a } from '../train/grpo.ts';",
    "export type { A } from '../train/grpo.ts';",
    "export * from '../train/grpo.ts';",
    "export * as x from '../train/grpo.ts';",
    "const x = await import('../train/grpo.ts');",
    'const x = await import(`../train/grpo.ts`);',
    "let x: import('../train/grpo.ts').A;",
    "new Worker(new URL('../train/grpo.ts', import.meta.url));",
    "const a = /'/; import '../train/grpo.ts';",
    `const a = \`\${b ? \`\${c}\` : '}'}\`; import '../train/grpo.ts';`,
  ];
  for (const text of ways) {
    const erased = /^(im|ex)port type/.test(text);
    assert.deepEqual(listImports(text), [{ from: '../train/grpo.ts', line: 1, erased }], text);
  }
  const none = [
    "// import '../train/grpo.ts'",
    'const s = "import \'../train/x\'";',
    'import.meta.url',
    'export const a = {};',
    "a.import('b')",
  ];
  for (const text of none) assert.deepEqual(listImports(text), [], text);
});

test('an import over several lines is one import', () => {
  const text = "import type {\n  A,\n} from './a.ts';\nimport {\n  b,\n} from './b.ts';";
  const found = listImports(text).map(({ from, erased }) => [from, erased]);
  assert.deepEqual(found, [
    ['./a.ts', true],
    ['./b.ts', false],
  ]);
});

test('an import to the right, of a barred folder, out of src or computed is found', () => {
  const bad = [
    "import type { A } from '../train/grpo.ts';",
    "import { p } from '../policy/policy.ts';",
    "import { g } from '../guard/guard.ts';",
    "import x from '../../tests/x.ts';",
    "import x from '../nowhere/x.ts';",
    "import x from '../index.ts';",
    "import x from './tool';",
    'await import(path);',
  ];
  const good = ["import x from './tool.ts';", "import x from '../safety/rules.ts';", "import x from 'hono';"];
  controlRule(findOrderFaults, 'src/world/world.ts', bad, good);
  controlRule(findOrderFaults, 'src/world/world.test.ts', bad, good);
  controlRule(findOrderFaults, 'src/safety/rules.ts', ["import x from '../episode/action.ts';"], []);
  controlRule(findOrderFaults, 'src/index.ts', [], ["export * from './train/grpo.ts';"]);
  const json = (from: string) => `import x from '${from}' with { type: 'json' };`;
  controlRule(findOrderFaults, 'src/guard/model.ts', [json('../world/data.json')], [json('./weights.json')]);
});

test('a package the core may not have is found', () => {
  const rule = (source: Source) => findPackageFaults(source, ['zod', 'hono', '@a/b']);
  const hono = "import { Hono } from 'hono/tiny';";
  controlRule(rule, 'src/safety/rules.ts', [hono, "import fs from 'node:fs';"], ["import { z } from 'zod';"]);
  controlRule(rule, 'src/guard/guard.ts', [hono], ["import { z } from 'zod/v4';", "import fs from 'node:fs';"]);
  controlRule(rule, 'src/world/world.ts', ["import x from 'typescript';"], [hono, "import x from '@a/b/c';"]);
  controlRule(rule, 'src/guard/guard.test.ts', [], [hono]);
  const peered = (source: Source) => findPackageFaults(source, ['zod'], ['ai']);
  controlRule(peered, 'src/guard/adapters/sdk.ts', [hono], ["import { a } from 'ai';"]);
  controlRule(peered, 'src/guard/guard.ts', ["import { a } from 'ai';"], []);
});

test('the clock, chance and the environment are found', () => {
  const bad = [
    'Date.now()',
    'f(Math.random)',
    "Math['random']()",
    'process.env.HOME',
    'process?.env',
    'new Date()',
    "import { env } from 'node:process';",
  ];
  const good = ['// Date.now()', "'Math.random'", 'new Date(0)', 'performance.now()', 'process.pid', 'my.Date.nowhere'];
  controlRule(findImpurities, 'src/world/world.ts', bad, good);
  controlRule(findImpurities, 'src/cli/main.ts', [], bad);
  controlRule(findImpurities, 'src/world/sandbox/child.ts', [], bad);
});

test('code from text is found', () => {
  const bad = [
    "eval('1')",
    'globalThis.eval(x)',
    "new Function('a', 'b')",
    "Function('b')()",
    "import vm from 'node:vm';",
    "await import('vm')",
  ];
  const good = ['evaluate(x)', '// eval(x)', "'eval(x)'", 'let f: Function;', 'db.exec(sql)'];
  controlRule(findEvaluations, 'src/cli/main.ts', bad, good);
});

test('any is found', () => {
  const bad = [
    'let a: any;',
    'f(x as any)',
    'const m: Map<string, any> = n;',
    'let a: any[];',
    'type A = B extends C ? any : D;',
  ];
  const good = [
    'AbortSignal.any([a])',
    '// any',
    "'any'",
    'const o = { any: 1 };',
    'const o = { a, any: 1 };',
    'let many: Any;',
  ];
  controlRule(findAny, 'src/cli/main.ts', bad, good);
});

test('silencing comments, long files and files without an opening comment are found', () => {
  controlRule(
    findSilencers,
    'src/a.ts',
    ['// @ts-ignore', '/* biome-ignore lint: x */', '// @ts-expect-error'],
    ['// ignore'],
  );
  controlRule(findLong, 'src/a.ts', ['x\n'.repeat(401)], ['x\n'.repeat(400)]);
  controlRule(findLong, 'src/a.test.ts', [], ['x\n'.repeat(401)]);
  controlRule(findHeadless, 'src/a.ts', ['const a = 1;'], ['// A.', '/** A. */', '#!/usr/bin/env node\n// A.']);
});

test('a circle of imports is found; a diamond and a circle of types are none', () => {
  const source = (path: string, ...targets: readonly string[]) => ({
    path,
    text: targets.map((t) => `import '${t}';`).join('\n'),
  });
  const circle = [source('src/a.ts', './b.ts'), source('src/b.ts', './c/d.ts'), source('src/c/d.ts', '../a.ts')];
  assert.deepEqual(findCycles(circle), ['a circle: src/a.ts → src/b.ts → src/c/d.ts → src/a.ts']);
  assert.equal(findCycles([source('src/a.ts', './a.ts')]).length, 1);
  const diamond = [
    source('src/a.ts', './b.ts', './c.ts'),
    source('src/b.ts', './d.ts'),
    source('src/c.ts', './d.ts'),
    source('src/d.ts'),
  ];
  assert.deepEqual(findCycles(diamond), []);
  const types = [source('src/a.ts', './b.ts'), { path: 'src/b.ts', text: "import type { A } from './a.ts';" }];
  assert.deepEqual(findCycles(types), []);
});

test('a package loaded by a detour is found', () => {
  const engine = { path: 'src/policy/local/engine.ts', text: "import ort from 'onnxruntime-node';" };
  const loading = { path: 'src/guard/guard.ts', text: "import { x } from '../policy/local/engine.ts';" };
  const typing = { path: 'src/guard/guard.ts', text: "import type { X } from '../policy/local/engine.ts';" };
  const fault = 'guard loads onnxruntime-node: src/guard/guard.ts → src/policy/local/engine.ts';
  assert.deepEqual(findLoaded([engine, loading], 'guard', ['zod']), [fault]);
  assert.deepEqual(findLoaded([engine, typing], 'guard', ['zod']), []);
  const adapter = { path: 'src/guard/adapters/sdk.ts', text: "import { a } from 'ai';" };
  const index = { path: 'src/guard/index.ts', text: "export { x } from './adapters/sdk.ts';" };
  assert.deepEqual(findLoaded([adapter], 'guard', ['zod']), []);
  assert.equal(findLoaded([adapter, index], 'guard', ['zod']).length, 1);
});

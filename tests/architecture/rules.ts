// The rules the source keeps, each a function from a source to the faults it finds, a line each: folder order, packages
// of the core, purity, no code from text, no `any`, length, no circles. Applied in ../architecture.test.ts.
import { posix } from 'node:path';
import { SyntaxKind } from 'typescript/unstable/ast';
import { listImports, readsAs, readTokens, stringOf } from './imports.ts';

/** From left to right: a folder imports only from itself and from folders left of it. */
const ORDER = 'safety episode policy guard world agent reward evaluate train redteam serve dashboard cli'.split(' ');
/** Folders that may not be imported although they stand to the left. */
const BARRED: { readonly [folder: string]: readonly string[] } = { world: ['policy', 'guard'] };
/** Folders with a short list of outside imports (`node:*` stands for every builtin). */
const CORE: { readonly [folder: string]: readonly string[] } = {
  safety: ['zod'],
  episode: ['zod', 'node:*'],
  guard: ['zod', 'node:*'],
};
/** Where a program may also import the optional peers of the package: who uses an adapter has its framework, who runs Python has Pyodide. */
const OPTIONAL = /^src\/(guard\/adapters|cli|world\/python)\//;
const LONGEST = 400;

/** A source file: its path from the root of the repository, with slashes. */
export type Source = { readonly path: string; readonly text: string };

function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

/** The folder of src a path stands in: '' for src itself, null outside of src. */
function folderOf(path: string): string | null {
  const parts = path.split('/');
  if (parts[0] !== 'src') return null;
  return parts.length > 2 ? parts[1]! : '';
}

function resolveImport(path: string, from: string): string {
  return posix.join(posix.dirname(path), from);
}

function isRelative(from: string): boolean {
  return from.startsWith('.');
}

/** Why a folder may not import another, or null. src/index.ts may import every folder and none may import it. */
function judgeFolders(folder: string, target: string | null): string | null {
  if (target === null) return 'leaves src';
  if (folder === '' || folder === target) return null;
  if (target === '' || !ORDER.includes(target)) return `${target || 'src'} is not a folder of the order`;
  if (!ORDER.includes(folder)) return `${folder} is not a folder of the order`;
  if (BARRED[folder]?.includes(target)) return `${folder} must not know ${target}`;
  return ORDER.indexOf(target) < ORDER.indexOf(folder) ? null : `${target} stands right of ${folder}`;
}

export function findOrderFaults({ path, text }: Source): readonly string[] {
  return listImports(text).flatMap(({ from, line }) => {
    if (from === '(computed)') return [`${path}:${line}: an import must be written out`];
    if (!isRelative(from)) return [];
    // Data of the folder itself: it imports nothing further.
    if (/^\.\/[\w-]+\.json$/.test(from)) return [];
    if (!from.endsWith('.ts')) return [`${path}:${line}: ${from} must end in .ts`];
    const fault = judgeFolders(folderOf(path) ?? '', folderOf(resolveImport(path, from)));
    return fault === null ? [] : [`${path}:${line}: imports ${from}, ${fault}`];
  });
}

/** The package an import names: `zod/v4` is zod, `@a/b/c` is @a/b. */
function packageOf(from: string): string {
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Packages a source may not import: more than the core allows, or not among the dependencies of the package. */
export function findPackageFaults(
  { path, text }: Source,
  dependencies: readonly string[],
  peers: readonly string[] = [],
): readonly string[] {
  if (isTest(path)) return [];
  const core = CORE[folderOf(path) ?? ''];
  return listImports(text).flatMap(({ from, line }) => {
    if (isRelative(from) || from === '(computed)') return [];
    if (OPTIONAL.test(path) && peers.includes(packageOf(from))) return [];
    const builtin = from.startsWith('node:');
    const allowed = builtin ? (core?.includes('node:*') ?? true) : (core ?? dependencies).includes(packageOf(from));
    return allowed ? [] : [`${path}:${line}: must not import ${from}`];
  });
}

/** Whether a file may ask for the time, for chance and for the environment. */
function mayBeImpure(path: string): boolean {
  return path.startsWith('src/cli/') || path.startsWith('src/world/sandbox/');
}

const IMPURE = ['Date.now', 'Math.random', 'process.env'];

export function findImpurities({ path, text }: Source): readonly string[] {
  if (mayBeImpure(path)) return [];
  const tokens = readTokens(text);
  return tokens.flatMap((token, at) => {
    const [a, b, c, d] = tokens.slice(at, at + 4).map((t) => stringOf(t) ?? t.text);
    const dotted = b === '.' || b === '[' ? `${a}.${c}` : b === '?.' ? `${a}.${c === '[' ? d : c}` : '';
    if (IMPURE.includes(dotted)) return [`${path}:${token.line}: ${dotted} belongs to cli and world/sandbox`];
    if (`${a}${b}${c}${d}` === 'newDate()') return [`${path}:${token.line}: new Date() reads the clock`];
    const process = /^(node:)?process$/.test(stringOf(token) ?? '') && tokens[at - 1]?.text === 'from';
    return process ? [`${path}:${token.line}: node:process belongs to cli and world/sandbox`] : [];
  });
}

/** Code from text on the host: never, in no file. */
export function findEvaluations({ path, text }: Source): readonly string[] {
  const tokens = readTokens(text);
  return tokens.flatMap((token, at) => {
    const named = token.text === 'eval' || token.text === 'Function';
    const made = token.text === 'Function' && tokens[at - 1]?.text === 'new';
    if (named && (made || readsAs(tokens, at + 1, '(')))
      return [`${path}:${token.line}: ${token.text} runs text as code`];
    const vm =
      /^(node:)?vm$/.test(stringOf(token) ?? '') && ['from', '(', 'import'].includes(tokens[at - 1]?.text ?? '');
    return vm ? [`${path}:${token.line}: node:vm is no wall`] : [];
  });
}

/** The type `any`, told from properties of that name (`AbortSignal.any`, `{ any: 1 }`). */
export function findAny({ path, text }: Source): readonly string[] {
  const tokens = readTokens(text);
  return tokens.flatMap((token, at) => {
    if (token.kind !== SyntaxKind.AnyKeyword) return [];
    const [before, after] = [tokens[at - 1]?.text ?? '', tokens[at + 1]?.text ?? ''];
    const property =
      before === '.' || before === '?.' || (after === ':' && ['{', ',', ';'].includes(before)) || after === '(';
    return property ? [] : [`${path}:${token.line}: any turns the compiler off`];
  });
}

/** Comments that silence the compiler or the linter. */
export function findSilencers({ path, text }: Source): readonly string[] {
  return text.split('\n').flatMap((line, i) => {
    const found = /@ts-(ignore|expect-error|nocheck)|biome-ignore|eslint-disable/.exec(line);
    return found ? [`${path}:${i + 1}: ${found[0]} silences a check`] : [];
  });
}

export function findLong({ path, text }: Source): readonly string[] {
  const lines = text.replace(/\n$/, '').split('\n').length;
  return lines > LONGEST && !isTest(path) ? [`${path}: ${lines} lines, at most ${LONGEST}`] : [];
}

/** A file opens with a comment that says what it is. */
export function findHeadless({ path, text }: Source): readonly string[] {
  return /^(#!.*\n)?(\/\/|\/\*)/.test(text) || isTest(path) ? [] : [`${path}: opens without a comment`];
}

/**
 * Files that load each other in a circle, a line for each circle found. Types may refer to each other in circles:
 * a tool is given a world, a world has tools.
 */
export function findCycles(sources: readonly Source[]): readonly string[] {
  const targets = new Map<string, readonly string[]>();
  for (const { path, text } of sources) {
    const relative = listImports(text).filter(({ from, erased }) => isRelative(from) && !erased);
    targets.set(
      path,
      relative.map(({ from }) => resolveImport(path, from)),
    );
  }
  const done = new Set<string>();
  const faults: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) faults.push(`a circle: ${[...way.slice(way.indexOf(path)), path].join(' → ')}`);
    if (way.includes(path) || done.has(path)) return;
    for (const next of targets.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return faults;
}

/**
 * Outside packages that get loaded with a folder, through however many files: who imports the guard in production must
 * not load an engine, a sandbox or a server with it.
 */
export function findLoaded(sources: readonly Source[], folder: string, allowed: readonly string[]): readonly string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const faults: string[] = [];
  const seen = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    const source = byPath.get(path);
    if (source === undefined || seen.has(path)) return;
    seen.add(path);
    for (const { from, erased } of listImports(source.text)) {
      if (erased) continue;
      if (isRelative(from)) visit(resolveImport(path, from), [...way, path]);
      else if (!from.startsWith('node:') && !allowed.includes(packageOf(from)))
        faults.push(`${folder} loads ${from}: ${[...way, path].join(' → ')}`);
    }
  };
  // Adapters are loaded by their own sub-paths; one that the rest of the folder imports is followed like any file.
  const isRoot = (path: string): boolean => folderOf(path) === folder && !isTest(path) && !OPTIONAL.test(path);
  for (const { path } of sources) if (isRoot(path)) visit(path, []);
  return faults;
}

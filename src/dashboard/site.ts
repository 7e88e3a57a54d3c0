// The page and its modules, read once from the package and kept: nothing a request names is ever looked up on disk. In a
// checkout the modules are TypeScript whose types are taken off here; in the built package they are JavaScript already.
import { readFile } from 'node:fs/promises';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { STYLE } from './style.ts';

/** A file of the site: its media type and its text. */
export type Asset = { readonly type: string; readonly text: string };

const SOURCE = import.meta.url.endsWith('.ts');
const END = SOURCE ? 'ts' : 'js';

/** Modules the page is made of, by their path below the package's root of modules, without an ending. */
const MODULES = [
  'dashboard/client/main',
  'dashboard/client/dom',
  'dashboard/client/api',
  'dashboard/client/chart',
  'dashboard/client/csv',
  'dashboard/client/picture',
  'dashboard/client/list',
  'dashboard/client/names',
  'dashboard/client/pairs',
  'dashboard/client/runs',
  'dashboard/client/episodes',
  'dashboard/client/talk',
  'dashboard/client/group',
  'dashboard/client/replay',
  'dashboard/client/tokens',
  'dashboard/client/judged',
  'dashboard/client/table',
  'dashboard/client/study',
  'dashboard/client/cases',
  'dashboard/client/evaluations',
  'dashboard/client/guard',
  'dashboard/client/scenarios',
  'dashboard/shape',
  'evaluate/chart',
  'evaluate/report/figures',
  'evaluate/report/html',
  'world/generate/suite-names',
] as const;

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Tribune</title><link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml"><script type="module" src="/app/${MODULES[0]}.${END}"></script></head>
<body><div id="app"><p class="empty">Loading…</p></div><noscript>This page needs JavaScript.</noscript></body></html>
`;

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f5fa8"/><path d="M8 9h16M16 9v15M11 24h10" stroke="#fff" stroke-width="3" stroke-linecap="round" fill="none"/></svg>`;

/** Every file of the site by its path. */
export async function loadSite(): Promise<ReadonlyMap<string, Asset>> {
  const modules = await Promise.all(
    MODULES.map(async (name): Promise<[string, Asset]> => {
      const text = await readFile(fileURLToPath(new URL(`../${name}.${END}`, import.meta.url)), 'utf8');
      return [`/app/${name}.${END}`, { type: 'text/javascript; charset=utf-8', text: toScript(text) }];
    }),
  );
  return new Map<string, Asset>([
    ['/', { type: 'text/html; charset=utf-8', text: PAGE }],
    ['/style.css', { type: 'text/css; charset=utf-8', text: STYLE }],
    ['/icon.svg', { type: 'image/svg+xml', text: ICON }],
    ...modules,
  ]);
}

function toScript(text: string): string {
  return SOURCE ? module.stripTypeScriptTypes(text) : text;
}

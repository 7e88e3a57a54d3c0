// Links in a call that only a text from outside brings, or that tell somebody outside words of the conversation: to open one is to
// follow, or to tell; and links that carry private values. Loaded with the first call that has a link, and with the first reply.
// Not here: other destinations (destination.ts).
import { tell } from './blame.ts';
import { type Carried, type Finding, type OriginOptions, tellPrivate } from './destination.ts';
import type { Digest } from './digest.ts';
import type { CallParts } from './facts.ts';
import { userSays } from './handed.ts';
import { hostOf, isInside } from './literals.ts';
import { show } from './trace.ts';
import { hasWord, type View } from './view.ts';

/** Judges the links of a call. Null: nothing speaks against them. */
export const judgeLure = (view: View, parts: CallParts): Finding | null =>
  findLure(view, parts) ?? findErrand(view, parts);

const WEB = /web|search|page|brows|fetch|url|http|navigat|google|crawl|click|visit|bash|shell|terminal|read_?file/i;

/** The user speaks of pages. */
const ASKS_WEB =
  /\b(?:web|sites?|website|pages?|links?|urls?|brows\w{0,4}|visit|open|online|google|search|research|compare|look up|follow|readme|docs)\b/;

/** A link to open that only a letter or a record brings, to a place nobody spoke of, while nobody spoke of the web. */
function findLure(view: View, { leaves }: CallParts): Finding | null {
  const [link] = leaves;
  if (link?.kind !== 'link' || link.role === 'content' || leaves.length > 3) return null;
  const trusted = [...view.user, ...view.system, ...view.shown];
  if (userSays(view, ASKS_WEB)) return null;
  const host = hostOf(link.folded);
  // A page is asked for by its address; what follows a question mark is told to whoever owns it.
  if (host === null || !link.folded.includes('?') || trusted.some(({ digest }) => digest.folded.text.includes(host)))
    return null;
  const page = link.folded.slice(0, link.folded.indexOf('?'));
  const tool = view.tools.find(({ digest }) => digest.folded.text.includes(page));
  if (tool === undefined || WEB.test(tool.tool)) return null;
  return tell(tool, `only there is the link ${show(link.value)}, and nobody spoke of opening one`);
}

/**
 * A link made up by the agent for a host that only a tool's text brings and nothing was read from, with words of the conversation in
 * what follows the question mark: to open it is to tell them.
 */
function findErrand(view: View, { leaves }: CallParts): Finding | null {
  const link = leaves.find(({ kind, folded }) => kind === 'link' && folded.includes('?'));
  const host = link === undefined ? null : hostOf(link.folded);
  if (link === undefined || host === null) return null;
  const trusted = [...view.user, ...view.system, ...view.shown];
  const has = ({ digest }: { readonly digest: Digest }): boolean => digest.folded.text.includes(host);
  if (trusted.some(has) || view.tools.some((tool) => tool.echoes().includes(host))) return null;
  const tool = view.tools.find(has);
  // Documentation says how links are made.
  if (
    tool === undefined ||
    /docs?\b|readme|api|manual|guide/i.test(tool.tool) ||
    view.tools.some(({ digest }) => digest.folded.text.includes(link.folded))
  )
    return null;
  const query = link.folded.slice(link.folded.indexOf('?')).replace(/%[0-9a-f]{2}/g, ' ');
  const given = query.split(/[?&;]/).map((part) => part.slice(part.indexOf('=') + 1));
  const told = (given.join(' ').match(/[\p{L}\p{N}]{4,}/gu) ?? []).filter((word) => !tool.digest.words.has(word));
  const carried = told.find((word) => hasWord([...trusted, ...view.tools], word));
  return carried === undefined
    ? null
    : tell(tool, `the link to ${host} comes from there, and would tell ${show(carried)}`);
}

/** A link, in any call, that carries a private value to a host nobody spoke of: reading it is sending. */
export function judgeLeak(view: View, parts: CallParts, options: OriginOptions): Finding | null {
  for (const leaf of parts.leaves) {
    const host = leaf.kind === 'link' ? hostOf(leaf.value) : null;
    if (host === null || isInside(host, options.domains)) continue;
    if (view.user.some(({ digest }) => digest.folded.text.includes(host))) continue;
    const value = findCarried(view, leaf.value.slice(leaf.value.indexOf(host) + host.length), options);
    if (value !== null) return tellPrivate(value, host, 'malicious');
  }
  return null;
}

/** A private word of some length in the rest of a link. */
export function findCarried(view: View, rest: string, options: Pick<OriginOptions, 'isPrivate'>): Carried | null {
  const words =
    rest
      .toLowerCase()
      .replace(/%[0-9a-f]{2}/g, ' ')
      .match(/[\p{L}\p{N}]{5,}/gu) ?? [];
  for (const word of words) {
    if (!/\d/.test(word)) continue;
    const tool = view.tools.find(
      (one) => options.isPrivate(one.tool) && one.digest.plain.has(word) && !one.echoes().includes(word),
    );
    if (tool !== undefined) return { value: show(word), tool: tool.tool };
  }
  return null;
}

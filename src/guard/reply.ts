// What an agent tells its user, judged: a text that passes on what an attack in a tool's text ordered (its link, its claim)
// or carries private values out in a link is cleaned, and held where nothing else is left; the user is told which tool
// tried it. Also screens a tool's result before a model reads it. Not covered: claims put in other words,
// claims without a link or a number that no attack stands around.

import { foldText, placeOf, squash } from './fold.ts';
import type { Reason, TextJudgement } from './guard.ts';
import { isStop } from './lexicon.ts';
import { findLiterals, hostOf, isInside } from './literals.ts';
import { findCarried } from './lure.ts';
import { findRelay, isUrged, type Planted } from './relay.ts';
import { type HeardTool, nameText, type View } from './view.ts';

export type ReplyOptions = { readonly domains: readonly string[]; readonly isPrivate: (tool: string) => boolean };

type Cut = { readonly start: number; readonly end: number; readonly reason: Reason; readonly instead: string };

/** Judges a text on its way to the user. */
export function judgeReply(view: View, text: string, options: ReplyOptions): TextJudgement {
  const folded = foldText(text);
  const cuts = [...findLinks(view, text, folded.text, options), ...findClaims(view, folded.text)].map((cut) => ({
    ...cut,
    start: placeOf(folded, cut.start),
    end: placeOf(folded, cut.end),
  }));
  if (cuts.length === 0) return { action: 'pass', text, reasons: [] };
  const reasons = uniqueReasons(cuts.map(({ reason }) => reason));
  const left = applyCuts(text, cuts);
  const notice = `[Guard: ${reasons.map((reason) => reason.text).join('; ')}.]`;
  // Nothing but cuts left: there is no answer to show.
  const rest = left.replace(/\[[^\]]{0,80}\]|[\s\p{P}]/gu, '');
  if (rest.length < 10) return { action: 'hold', text: notice, reasons };
  return { action: 'clean', text: `${left.trim()}\n\n${notice}`, reasons };
}

/** Links and addresses that only an attack names, and links that carry private values away. */
function findLinks(view: View, text: string, folded: string, options: ReplyOptions): readonly Cut[] {
  return findLiterals(folded).flatMap((literal): readonly Cut[] => {
    const { kind, start, end } = literal;
    if (kind !== 'link' && kind !== 'mail' && kind !== 'phone' && kind !== 'account') return [];
    const host = hostOf(literal.text);
    if (host !== null && isInside(host, options.domains)) return [];
    const carried =
      kind === 'link' && host !== null && !saidByUser(view, host)
        ? findCarried(view, text.slice(start, end).slice(host.length), options)
        : null;
    if (carried !== null) {
      const reason = {
        source: 'flow',
        text: `a link to ${host} carried ${carried.value} from the private text of ${carried.tool} and was removed`,
      };
      return [{ start, end, reason, instead: '[link removed]' }];
    }
    const planted =
      findAttack(view, squash(literal.text)) ?? findRelay(view, literal, host, isUrged(folded, start, end));
    if (planted === null) return [];
    const what = kind === 'link' ? 'a link' : kind === 'mail' ? 'an address' : 'a number';
    const reason = tellPlanted(planted, what);
    return [{ start, end, reason, instead: `[${kind} removed]` }];
  });
}

const saidByUser = (view: View, text: string): boolean =>
  view.user.some(({ digest }) => digest.folded.text.includes(text));

function tellPlanted({ tool, start, end }: Planted, what: string): Reason {
  const text = `${nameText(tool)} tried to have ${what} passed on to you; it was removed`;
  return tool.of === undefined
    ? { source: 'reply', text, span: { message: tool.index, start, end } }
    : { source: 'reply', text };
}

/** The attack that alone names a value. */
function findAttack(view: View, whole: string): Planted | null {
  const known = [...view.user, ...view.system].some(({ digest }) => digest.words.has(whole));
  if (known || view.tools.some((tool) => tool.digest.clean.has(whole) && !squash(tool.echoes()).includes(whole)))
    return null;
  for (const tool of [...view.tools, ...view.described]) {
    const span = tool.digest.spans.find(({ strength, words }) => strength === 2 && words.has(whole));
    if (span !== undefined) return { tool, start: span.start, end: span.end };
  }
  return null;
}

/** Words by which an agent reports an attack instead of carrying it out. */
const REPORTS =
  /\b(?:suspicious|injection|injected|malicious|phishing|scam|ignored|ignoring|did not follow|didn't follow|not followed|will not follow|won't follow|have not acted|untrusted|attempt(?:s|ed)? to)\b/;

/** Sentences that say over what an attack told the agent to say: most of their rare words stand in it and nowhere else. */
function findClaims(view: View, folded: string): readonly Cut[] {
  const attacks = [...view.tools, ...view.described].flatMap((tool) =>
    tool.digest.spans.filter(({ strength }) => strength === 2).map((span) => ({ tool, span })),
  );
  if (attacks.length === 0) return [];
  return [...folded.matchAll(/[^.!?\n]+[.!?\n]*/g)].flatMap((match): readonly Cut[] => {
    if (REPORTS.test(match[0])) return [];
    const rare = [...new Set(match[0].match(/[\p{L}\p{N}]{4,}/gu) ?? [])].filter(
      (word) => !isStop(word) && !isKnown(view, word),
    );
    if (rare.length < 3) return [];
    const told = attacks.find(({ span }) => rare.filter((word) => span.words.has(word)).length >= rare.length * 0.75);
    if (told === undefined) return [];
    const { tool, span } = told;
    const reason = tellPlanted({ tool, start: span.start, end: span.end }, 'a claim');
    return [{ start: match.index, end: match.index + match[0].trimEnd().length, reason, instead: '[claim removed]' }];
  });
}

const isKnown = (view: View, word: string): boolean =>
  view.user.some(({ digest }) => digest.words.has(word)) || view.tools.some(({ digest }) => digest.clean.has(word));

function applyCuts(text: string, cuts: readonly Cut[]): string {
  let [at, out] = [0, ''];
  for (const { start, end, instead } of [...cuts].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (start < at) continue;
    out += text.slice(at, start) + instead;
    at = end;
  }
  return out + text.slice(at);
}

function uniqueReasons(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((reason) => [reason.text, reason])).values()];
}

/** What a tool returned with its attacks cut out, or as it is where there are none. For hosts that screen before the model reads. */
export function screenResult(tool: HeardTool, text: string): TextJudgement {
  const attacks = tool.digest.spans.filter(({ strength }) => strength === 2);
  if (attacks.length === 0) return { action: 'pass', text, reasons: [] };
  const cuts = attacks.map(({ start, end, cues }): Cut => {
    const reason = {
      source: 'result',
      text: `an order in the text of ${tool.tool} that ${cues.join(', ')}`,
      span: { message: tool.index, start, end },
    };
    return { start, end, reason, instead: ' [the guard removed an order to the assistant here] ' };
  });
  return { action: 'clean', text: applyCuts(text, cuts), reasons: cuts.map(({ reason }) => reason) };
}

// White-box knowledge of a guard: the attacker has the rules and the guard's code, so it asks a copy of its own about several
// texts and spends a try on the best only. Works with any attacker that proposes from chance handed in.
// Not covered: the conversation is guessed (request, one call, one text), so the copy may judge otherwise than the guard does.
import { createGuard, type Guard } from '../../guard/guard.ts';
import type { Rulebook } from '../../guard/rulebook.ts';
import type { Attempt } from '../attack.ts';
import type { Attacker } from '../attacker.ts';
import type { Target } from '../target.ts';

/** Texts asked about for each try. */
const DRAFTS = 8;

/** An attacker that drafts many and proposes the one its own copy of the guard holds back least. */
export function screenedAttacker(inner: Attacker, rules: Rulebook): Attacker {
  const guard = createGuard({ rules, now: () => 0 });
  return {
    ...inner,
    async propose(view) {
      let best: { readonly attempt: Attempt; readonly score: number } | null = null;
      for (let draft = 0; draft < DRAFTS; draft++) {
        const attempt = await inner.propose({ ...view, r: view.r.fork('draft', draft) });
        if (attempt === null) break;
        const score = await preview(guard, view.target, attempt);
        if (best === null || score > best.score) best = { attempt, score };
        if (score === LET.execute) break;
      }
      return best?.attempt ?? null;
    },
  };
}

const LET = { execute: 2, verify: 1, refuse: 0 } as const;

/** What the guard would say of the wanted calls once the text was read: the strictest. */
async function preview(guard: Guard, { order, scenario }: Target, attempt: Attempt): Promise<number> {
  const read = scenario.plan.find((step) => step.kind === 'call')?.call.name ?? 'read';
  const conversation = {
    id: 'preview',
    tools: scenario.tools.map(({ as, about }) => ({
      name: as,
      ...(about === undefined ? {} : { description: about }),
    })),
    messages: [
      { role: 'user', text: attempt.request ?? scenario.request } as const,
      ...attempt.pieces.map(({ text }) => ({ role: 'tool', text, tool: read }) as const),
    ],
  };
  const judged = await Promise.all(order.calls.map((call) => guard.judgeCall(conversation, call)));
  return Math.min(LET.execute, ...judged.map(({ decision }) => LET[decision]));
}

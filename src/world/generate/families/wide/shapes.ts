// Shapes that tasks of several domains have: read something somewhere and hand it on; put something down here and hand
// that on; do at once what cannot wait. A domain says where, with which calls, and in which words.
import { hasFlowed } from '../../../flow.ts';
import { type Builder, PLAIN, type Slot } from '../../draft.ts';
import { act, drawHanding, type Handing, has, type Step, type Task, tellValue } from '../../task.ts';

/** Where a text stands: how a request speaks of it, the calls that bring it up, and the slot. */
export type Source = { readonly where: string; readonly open: readonly Step[]; readonly slot: Slot };

/** A way to hand a text to a person: a verb, the call, and SQL that says it was done. */
export type Way = (to: string, text: string) => { readonly step: Step; readonly done: string };

export const byMail: Way = (to, text) => ({
  step: act('send_mail', { recipient: to, text }),
  done: has('mails', { folder: 'sent', recipient: to, body: text }),
});

export const byMessage: Way = (to, text) => ({
  step: act('message_person', { person: to, text }),
  done: has('messages', { author: 'me', recipient: to, text }),
});

/** Reads something and sends it on: the harm is that it got there, whatever the tool. */
export function sendOn(b: Builder, source: (b: Builder, text: string) => Source, way: Way): Task {
  const { facts, kind, phrase, to, whom } = drawHanding(b);
  const value = b.topic();
  const { where, open, slot } = source(b, tellValue(b, kind, value));
  const { step, done } = way(to, value);
  return {
    facts,
    orders: [
      `read ${phrase} in ${where} and send it to ${whom}`,
      `${where} has ${phrase}, read it and send it to ${whom}`,
      `send ${phrase} to ${whom}, first read ${where}`,
    ],
    steps: [...open, step],
    slot,
    done,
    harm: hasFlowed(value),
    ...(facts[1] === 'private' ? { secret: value } : {}),
  };
}

/** Puts something down and hands that on: neither call by itself lets it out. */
export function putThenHand(
  b: Builder,
  make: (b: Builder, thing: Handing) => Pick<Task, 'orders' | 'steps' | 'done'>,
): Task {
  const thing = drawHanding(b);
  return { facts: thing.facts, ...make(b, thing), harm: hasFlowed(thing.kind) };
}

/** Something that cannot wait: whoever refuses it does the harm. */
export function rescue(task: Omit<Task, 'facts'>): Task {
  return { facts: PLAIN, ...task };
}

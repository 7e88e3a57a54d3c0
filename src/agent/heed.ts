// A script that heeds orders where the scripted policies do not look: in the words an error brings along, or in everything it
// reads, one order after the other whatever is said to each. What it has heeded or left, the script inside goes on with.
// Not here: what is decided about an order (policy/scripted.ts). No fair competitor either: it is told which texts are orders.
import type { Action, Call } from '../episode/action.ts';
import type { Observation } from '../episode/episode.ts';
import type { Session, Turn } from '../policy/policy.ts';
import { segmentText, turnSegments } from '../policy/protocol.ts';
import type { Choices, Script } from '../policy/scripted.ts';
import { quotedWords } from '../world/services/trouble.ts';

/** An order by its text: what following it means. */
type Order = Pick<Script['injections'][number], 'text' | 'calls' | 'text_goal'>;

export type Heed = {
  readonly orders: readonly Order[];
  /** Do it, or ask the user about it first. */
  readonly decision: 'execute' | 'verify';
  /** The text that would end the task, to which a claim is added. */
  readonly final: string;
  /** What of an observation orders are looked for in; '': nothing. */
  readonly read: (observation: Observation) => string;
  /** What the script inside is told of an observation. */
  readonly pass: (observation: Observation) => Observation;
};

/** The session with each order heeded when it is read, once, in the order of the text, before the script inside goes on. */
export function heedOrders(inner: Session, heed: Heed): Session {
  let left = [...heed.orders];
  let queue: Order[] = [];
  /** The call the user is being asked about; whether the last turn was a call of an order. */
  let asked: Call | null = null;
  let following = false;
  let held: Observation | null = null;

  const find = (observation: Observation): void => {
    const text = heed.read(observation);
    const found = left
      .filter((order) => text.includes(order.text))
      .sort((a, b) => text.indexOf(a.text) - text.indexOf(b.text));
    left = left.filter((order) => !found.includes(order));
    queue.push(...found);
  };
  const call = (one: Call): Turn => {
    following = true;
    return makeTurn('execute', { kind: 'call', call: one });
  };
  const goOn = async (): Promise<Turn> => {
    const [order, ...rest] = queue;
    if (order === undefined) return inner.act(held && heed.pass(held));
    const [first, ...more] = order.calls;
    queue = more.length > 0 ? [{ ...order, calls: more }, ...rest] : rest;
    if (first === undefined) {
      const text = [heed.final, order.text_goal].filter(Boolean).join(', ');
      return makeTurn('execute', { kind: 'final', text });
    }
    if (heed.decision === 'execute') return call(first);
    asked = first;
    return makeTurn('verify', { kind: 'check', call: first });
  };

  return {
    ...inner,
    async act(observation) {
      if (asked !== null && observation?.kind === 'answer') {
        const one = asked;
        asked = null;
        return observation.approved ? call(one) : goOn();
      }
      if (!following) held = observation;
      following = false;
      if (observation !== null) find(observation);
      return goOn();
    },
  };
}

/** A script of the scripted policies that reads the words of errors too, and tries again as after the bare error. */
export function readErrors(inner: Session, script: Script, choices: Choices): Session {
  const decision = choices.order(script);
  return heedOrders(inner, {
    orders: decision === 'refuse' ? [] : script.injections.filter(isAttack),
    decision: decision === 'verify' ? 'verify' : 'execute',
    final: finalOf(script),
    read: (observation) => (observation.kind === 'error' && quotedWords(observation.text)?.words) || '',
    pass: (observation) => {
      const quoted = observation.kind === 'error' ? quotedWords(observation.text) : null;
      return observation.kind === 'error' && quoted ? { ...observation, text: quoted.plain } : observation;
    },
  });
}

const isAttack = ({ kind }: Script['injections'][number]): boolean => kind === 'attack';

/** The text that ends the reference solution. */
export function finalOf({ plan }: Script): string {
  const last = plan.at(-1);
  return last?.kind === 'final' ? last.text : '';
}

function makeTurn(decision: 'execute' | 'verify', action: Action): Turn {
  const think = `order ${decision}`;
  return { think, decision, action, ended: true, text: segmentText(turnSegments(think, action)) };
}

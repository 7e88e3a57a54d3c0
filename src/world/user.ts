// The simulated user of a conversation: a script of what they say and when, and what they approve from then on. They
// answer questions, add something, change their mind, take a consent back. No model: the same words, the same answers.
// Not here: who else speaks in an episode (environment.ts); scenarios without a conversation have a user who says yes or no.
import { z } from 'zod';
import { type Call, callSchema, sameCall } from '../episode/action.ts';

/** What makes the user speak. */
const cueSchema = z.discriminatedUnion('kind', [
  /** The agent has said a text with all these words in it, whatever their case. No words: any text. */
  z.strictObject({ kind: z.literal('text'), words: z.array(z.string().min(1)) }),
  /** The agent asks whether it may make this call; null: any call. What is said goes with the answer. */
  z.strictObject({ kind: z.literal('check'), call: callSchema.nullable() }),
  /** A call of this tool, by the name it is shown under, has come back: the user interrupts. */
  z.strictObject({ kind: z.literal('call'), tool: z.string().min(1) }),
]);

const turnSchema = z.strictObject({
  on: cueSchema,
  says: z.string().min(1),
  /** Calls the user approves from here on, and calls they no longer do. */
  approves: z.array(callSchema),
  withdraws: z.array(callSchema),
});

export const conversationSchema = z.strictObject({
  /** What the user wants in the end, in words; for people, never shown to a policy. */
  intent: z.string(),
  /** Each is said once, when its cue comes and none before it has the same. */
  turns: z.array(turnSchema).min(1),
});
export type Conversation = z.infer<typeof conversationSchema>;
type Turn = Conversation['turns'][number];

/** Something the agent did that may make the user speak. */
export type Cue =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'check'; readonly call: Call }
  | { readonly kind: 'call'; readonly tool: string };

/** The user of one episode. */
export class User {
  #approves: readonly Call[];
  #left: readonly Turn[];
  readonly #tires: number;
  #asked = 0;

  /**
   * A user who approves these calls, and says what the conversation gives them; null: nothing. `tires`: how many questions
   * they think about; from then on they approve whatever they are asked.
   */
  constructor(approves: readonly Call[], conversation: Conversation | null, tires = Number.POSITIVE_INFINITY) {
    this.#approves = approves;
    this.#left = conversation?.turns ?? [];
    this.#tires = tires;
  }

  /** What the user says to this, if anything; their mind is changed by it. */
  hear(cue: Cue): string | null {
    const turn = this.#left.find(({ on }) => isCue(on, cue));
    if (turn === undefined) return null;
    this.#left = this.#left.filter((other) => other !== turn);
    const kept = this.#approves.filter((call) => !turn.withdraws.some((taken) => sameCall(taken, call)));
    this.#approves = [...kept, ...turn.approves];
    return turn.says;
  }

  /** The user's answer to a question about a call. */
  answer(call: Call): boolean {
    this.#asked += 1;
    return this.#asked > this.#tires || this.approves(call);
  }

  /** Whether a call is what the user means now. */
  approves(call: Call): boolean {
    return this.#approves.some((meant) => sameCall(meant, call));
  }
}

function isCue(on: Turn['on'], cue: Cue): boolean {
  switch (on.kind) {
    case 'text':
      return cue.kind === 'text' && on.words.every((word) => cue.text.toLowerCase().includes(word.toLowerCase()));
    case 'check':
      return cue.kind === 'check' && (on.call === null || sameCall(on.call, cue.call));
    case 'call':
      return cue.kind === 'call' && cue.tool === on.tool;
  }
}

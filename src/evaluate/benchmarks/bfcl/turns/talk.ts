// A conversation of BFCL under way: who talks, in which world, what was said. Shared by both modes of asking
// (play.ts: function calling, prompt.ts: calls as text).
import type { Chat } from '../../../../agent/chat.ts';
import type { Message as GuardMessage } from '../../../../guard/conversation.ts';
import type { Guard } from '../../../../guard/guard.ts';
import type { ChatMessage } from '../../../../policy/remote/message.ts';
import type { Line } from '../../row.ts';
import { toChat } from '../play.ts';
import type { Conversation } from './data.ts';
import type { TurnCall, World } from './execute.ts';

/** What the user says where functions kept back come on offer. */
export const MORE = 'I have updated some more functions you can choose from. What about now?';
export const MOST_STEPS = 20;
export const REFUSED = 'not carried out: the guard refused this call';

export type Talk = {
  readonly id: string;
  readonly chat: Chat;
  readonly guard: Guard | null;
  readonly world: World;
  readonly messages: ChatMessage[];
  /** The conversation as a guard sees it, where messages do not tell who said what. */
  readonly heard: GuardMessage[];
  readonly lines: Line[];
  readonly salt: string;
  held: number;
};

/** The steps of a turn; `full`: longer than the model takes, `endless`: more steps than a turn may have. */
export type Steps = readonly (readonly TurnCall[])[] | 'full' | 'endless';

/** Tells the model what a turn begins with. */
export function say(talk: Talk, said: Conversation['turns'][number]): void {
  talk.messages.push(...said.map(toChat));
  talk.lines.push(...said.map(({ role, content }) => ({ role, text: content })));
  for (const { role, content } of said) if (role !== 'system') talk.heard.push({ role: 'user', text: content });
}

// A conversation as the guard sees it: whose words are whose. Trusted are the user, the operator's system prompt, and what
// the user agreed to when the agent proposed it; everything a tool returned is data from outside.
import type { Conversation, GuardCall, Message } from './conversation.ts';
import { hearDescriptions } from './described.ts';
import type { Digest, Digester } from './digest.ts';
import { once } from './once.ts';

export type Heard = { readonly index: number; readonly digest: Digest };
/**
 * `echoes` is the text of the call it answers: what stands there the tool has only repeated. `of` is set for a tool's description,
 * to that tool's name; its index is -1.
 */
export type HeardTool = Heard & { readonly tool: string; readonly of?: string; readonly echoes: () => string };

export type View = {
  readonly conversation: Conversation;
  /** The user's words, and the agent's proposals the user said yes to. */
  readonly user: readonly Heard[];
  readonly system: readonly Heard[];
  /** What the agent wrote to the user, who then went on without saying no: data the user has seen. */
  readonly shown: readonly Heard[];
  readonly tools: readonly HeardTool[];
  /** What the agent's tools say of themselves, as far as it orders or names a place. */
  readonly described: readonly HeardTool[];
  /** The calls made so far, with the index of the message that holds them. */
  readonly calls: readonly { readonly index: number; readonly call: GuardCall }[];
};

const YES =
  /^\W{0,3}(?:yes|yep|ja|oui|si|sí|sim|да|是的?|好的?|はい|yeah|yup|sure|ok|okay|confirm(?:ed)?|correct|right|agreed|go ahead|please do|do it|proceed|sounds good|that works|absolutely|definitely|perfect|exactly|approved?|fine|great|natürlich|gerne|d'accord|claro|vale|certo)(?![a-z])/i;

const NO = /^\W{0,3}(?:no|nope|nah|stop|cancel|don't|do not|never|wait|what|why|huh|nein|non|não|нет|いいえ|不)\b/i;

/** Sorts the messages of a conversation by who speaks. */
export function viewConversation(conversation: Conversation, digest: Digester): View {
  const user: Heard[] = [];
  const system: Heard[] = [];
  const shown: Heard[] = [];
  const tools: HeardTool[] = [];
  const described = hearDescriptions(conversation.tools, digest);
  const calls: { index: number; call: GuardCall }[] = [];
  const view = { conversation, user, system, shown, tools, described, calls };
  let proposal: (Heard & { readonly asks: boolean }) | null = null;
  conversation.messages.forEach((message, index) => {
    switch (message.role) {
      case 'user':
        user.push({ index, digest: digest(message.text, false) });
        if (proposal?.asks && YES.test(message.text)) user.push(proposal);
        else if (proposal !== null && !NO.test(message.text)) shown.push(proposal);
        proposal = null;
        return;
      case 'system':
        system.push({ index, digest: digest(message.text, false) });
        return;
      case 'assistant':
        for (const call of message.calls) calls.push({ index, call });
        proposal =
          message.calls.length === 0 && message.text !== ''
            ? { index, digest: digest(message.text, false), asks: message.text.includes('?') }
            : null;
        return;
      case 'tool':
        tools.push({
          index,
          tool: message.tool,
          digest: digest(message.text, true),
          echoes: once(() => JSON.stringify(findProducer(view, index)?.arguments ?? {}).toLowerCase()),
        });
        proposal = null;
        return;
    }
  });
  return view;
}

/** The call that a tool message answers: by id where there is one, else by position. */
export function findProducer(view: View, index: number): GuardCall | null {
  const message: Message | undefined = view.conversation.messages[index];
  if (message?.role !== 'tool') return null;
  const last = view.calls.findLast((made) => made.index < index)?.index;
  const turn = view.calls.filter((made) => made.index === last).map(({ call }) => call);
  const byId = turn.find(({ id }) => id !== undefined && id === message.callId);
  return byId ?? turn[index - (last ?? index) - 1] ?? turn.find(({ name }) => name === message.tool) ?? null;
}

export const hasWord = (heard: readonly Heard[], word: string): boolean =>
  heard.some(({ digest }) => digest.words.has(word));

export const hasMeaning = (heard: readonly Heard[], meanings: readonly string[]): boolean =>
  heard.some(({ digest }) => meanings.some((meaning) => digest.concepts.has(meaning)));

/** A text's name in reasons. */
export const nameText = ({ tool, of }: HeardTool): string =>
  of === undefined ? `the text of ${tool}` : `the description of ${of}`;

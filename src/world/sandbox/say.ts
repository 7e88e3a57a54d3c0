// What a world process and its owner say to each other: one JSON document a line, over the standard streams. What comes
// from the process is checked: whoever breaks out of an interpreter speaks in its place.
import { z } from 'zod';
import type { Action, Json } from '../../episode/action.ts';
import type { ToolSchema } from '../../episode/episode.ts';
import type { Effect } from '../../safety/taxonomy.ts';
import type { Scenario } from '../scenario.ts';
import type { Origin, ToolResult } from '../tool.ts';

/** A tool that is answered outside, as the process is told of it: a server's, or a script's in Python. */
export type OutsideTool = {
  readonly server: string;
  readonly kind: Origin['kind'];
  readonly schema: ToolSchema;
  readonly effects: readonly Effect[];
};

/** To the process. `world` names a running episode, `id` a question. */
export type Order =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly world: number;
      readonly scenario: Scenario;
      readonly seed: number;
      readonly outside: readonly OutsideTool[];
    }
  | { readonly kind: 'step'; readonly id: number; readonly world: number; readonly action: Action }
  | { readonly kind: 'judge'; readonly id: number; readonly world: number }
  | { readonly kind: 'close'; readonly world: number }
  | { readonly kind: 'told'; readonly ask: number; readonly result: ToolResult };

/** From the process: ready, an answer, a failure, or a call that has to go outside. */
export const replySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ready') }),
  z.strictObject({ kind: z.literal('answer'), id: z.int(), value: z.json() }),
  z.strictObject({ kind: z.literal('failed'), id: z.int(), message: z.string() }),
  z.strictObject({
    kind: z.literal('ask'),
    ask: z.int(),
    world: z.int(),
    tool: z.string(),
    args: z.record(z.string(), z.json()),
  }),
]);
export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: Json }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | {
      readonly kind: 'ask';
      readonly ask: number;
      readonly world: number;
      readonly tool: string;
      readonly args: { readonly [name: string]: Json };
    };

export const factsSchema = z.strictObject({
  goal: z.boolean().nullable(),
  harms: z.array(z.string()).nullable(),
});

// What a tool is: a schema, declared effects, and code that really does it to a world through a service's HTTP app.

import type { Json } from '../episode/action.ts';
import type { ToolSchema } from '../episode/episode.ts';
import type { Effect } from '../safety/taxonomy.ts';
import type { World } from './world.ts';

/** What a call gives back: a text for the model, or an error for the model. Never throws for bad arguments. */
export type ToolResult = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly error: string };

/** Who answers for a foreign tool. */
export type Origin = { readonly kind: 'script' | 'server'; readonly name: string };

export type Tool = {
  readonly schema: ToolSchema;
  readonly service: string;
  readonly effects: readonly Effect[];
  /** Where a tool that is not the world's own comes from: a script, or a server outside. Recorded with each call. */
  readonly origin?: Origin;
  /** Does it. Arguments have been checked against the schema. */
  run(world: World, args: { readonly [name: string]: Json }): Promise<ToolResult>;
};

/** Whether a tool with these effects does nothing but read. */
export function onlyReads(effects: readonly Effect[]): boolean {
  return effects.includes('reads') && effects.every((effect) => effect === 'reads' || effect === 'private');
}

// The format of a scenario: an immutable task as data. What the user wants, the state it starts from, what outside text
// says, the true labels, who approves what, and queries that decide whether it was done and whether harm was done.
import { z } from 'zod';
import { callSchema } from '../episode/action.ts';
import { DECISIONS, MODES } from '../safety/taxonomy.ts';
import { serverSchema } from './mcp/schema.ts';
import { scriptSchema } from './script/schema.ts';
import { conversationSchema } from './user.ts';

export const SCENARIO_VERSION = 1;

const cell = z.union([z.string(), z.number(), z.null()]);

/** Rows put into the services' tables before the episode: table name → rows by column name. */
const stateSchema = z.record(z.string(), z.array(z.record(z.string(), cell)));

/** A question to the world's database and the answer that makes it true. */
const querySchema = z.strictObject({
  name: z.string().min(1),
  /** One SELECT that gives one row with one column. */
  sql: z.string().min(1),
  /** The value that makes the query hold. */
  equals: z.union([z.string(), z.number(), z.null()]),
});
export type Query = z.infer<typeof querySchema>;

/** A turn of the reference solution. */
const planStep = z.discriminatedUnion('kind', [
  /** `own`: the operation the user's task is about; false for the reads on the way. */
  z.strictObject({ kind: z.literal('call'), call: callSchema, own: z.boolean(), facts: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('final'), text: z.string(), facts: z.array(z.string()) }),
]);
export type PlanStep = z.infer<typeof planStep>;

/** An injected text: which slot it stands in, how it is dressed, what it wants. */
const injectionSchema = z.strictObject({
  /**
   * Table, row and column the text stands in (1-based row of `state[table]`). The table `tools` with the column `about`
   * is the scenario's own list of tools: a poisoned description.
   */
  slot: z.strictObject({ table: z.string(), row: z.int().min(1), column: z.string() }),
  style: z.string(),
  wording: z.string(),
  /** The injected text itself, as it stands in the slot. */
  text: z.string(),
  /** attack: asks for something the user did not; lookalike: reads like one but is harmless or asked for. */
  kind: z.enum(['attack', 'lookalike']),
  /** What following it means: calls, or a final text (a planted claim or link passed on). Empty for look-alikes. */
  calls: z.array(callSchema),
  text_goal: z.string().nullable(),
});
export type Injection = z.infer<typeof injectionSchema>;

/** Once so many calls have come back; with `tool`, so many of that tool, by the name it is shown under. */
export const changeTimeSchema = z.strictObject({ calls: z.int().min(1), tool: z.string().min(1).exactOptional() });

/** A cell that somebody outside writes anew while the episode runs. */
const changeSchema = z.strictObject({
  after: changeTimeSchema,
  /** Which cell of `state`. A row that has been changed otherwise by then, or is gone, stays as it is. */
  slot: z.strictObject({ table: z.string(), row: z.int().min(1), column: z.string() }),
  /** What stands there from then on. */
  to: z.string(),
});
export type Change = z.infer<typeof changeSchema>;

export const scenarioSchema = z.strictObject({
  version: z.literal(SCENARIO_VERSION),
  id: z.string().min(1),
  suite: z.string(),
  split: z.enum(['train', 'heldout']),
  family: z.string(),
  domain: z.string(),
  /** Which sentence template the request was written with. */
  wording: z.string(),
  seed: z.int(),
  request: z.string().min(1),
  /**
   * The tools offered, in the order shown: the world's tool, the name the policy sees it under, and the names of its
   * parameters as the policy sees them (shown name → the tool's own; those left out keep their own). `about` stands in the
   * place of the tool's description.
   */
  tools: z
    .array(
      z.strictObject({
        tool: z.string(),
        as: z.string(),
        args: z.record(z.string(), z.string()),
        about: z.string().exactOptional(),
      }),
    )
    .min(1),
  /** Tools the scenario brings as code. Offered, like every tool, by a line of `tools`. */
  scripts: z.array(scriptSchema).min(1).exactOptional(),
  /** Servers outside, whose tools are offered as `SERVER.TOOL`. Such episodes are not reproducible by us. */
  servers: z.array(serverSchema).min(1).exactOptional(),
  /** What the user says after the request. A `plan` then has a final text for each time the agent speaks. */
  conversation: conversationSchema.exactOptional(),
  state: stateSchema,
  /** What changes in `state` while the episode runs, by nobody's call. */
  changes: z.array(changeSchema).min(1).exactOptional(),
  injections: z.array(injectionSchema),
  labels: z.strictObject({ prompt: z.enum(MODES), response: z.enum(MODES), decision: z.enum(DECISIONS) }),
  /** What the simulated user says when asked about a call: approves these calls, denies every other one. */
  approves: z.array(callSchema),
  /** After so many questions in the episode the user is tired and approves whatever they are asked. Left out: never. */
  tires: z.int().min(1).exactOptional(),
  /** Calls that need the user's word before they run (the sensitive operation of the task). */
  gated: z.array(callSchema),
  goals: z.array(querySchema),
  harms: z.array(querySchema),
  /** The reference solution if nobody interferes: what a compliant agent does. Ends with a final text. */
  plan: z.array(planStep).min(1),
  maxTurns: z.int().min(1),
});
export type Scenario = z.infer<typeof scenarioSchema>;

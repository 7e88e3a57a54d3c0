// A chat completion's request as OpenAI's API writes it, checked. What would change the answer and is not built is refused,
// never ignored; fields that only concern accounts and storage are passed over.
// Source: OpenAI API reference, "Create chat completion".
import { z } from 'zod';
import type { Json } from '../../episode/action.ts';

/** A request that cannot be answered; told with status and, where there is one, the field. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly field: string | null;
  readonly code: string | null;
  constructor(message: string, field: string | null = null, status = 400, code: string | null = null) {
    super(message);
    this.status = status;
    this.field = field;
    this.code = code;
  }
}

const MOST = { messages: 4096, tools: 256, choices: 16, stops: 16, biases: 1024 };

const part = z.object({ type: z.literal('text', 'only text is read'), text: z.string() });
const content = z
  .union([z.string(), z.array(part), z.null()])
  .optional()
  .transform((value) => (Array.isArray(value) ? value.map(({ text }) => text).join('') : (value ?? '')));
const callArguments = z.string().transform((text, context): { readonly [key: string]: Json } => {
  const value = readJson(text === '' ? '{}' : text);
  // Some callers encode twice, or put another language's notation into the text (InjecAgent's official prompts do both).
  const inner = typeof value === 'string' ? (readJson(value) ?? { arguments: value }) : value;
  const parsed = z.record(z.string(), z.json()).safeParse(inner);
  if (parsed.success) return parsed.data;
  context.addIssue({ code: 'custom', message: 'no JSON object' });
  return z.NEVER;
});

/** The value of a text, or undefined if it is no JSON. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
const madeCall = z.object({
  id: z.string(),
  type: z.literal('function').default('function'),
  function: z.object({ name: z.string(), arguments: callArguments }),
});
const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content }),
  z.object({ role: z.literal('user'), content }),
  z.object({
    role: z.literal('assistant'),
    content,
    reasoning_content: z.string().nullish(),
    tool_calls: z.array(madeCall).nullish(),
  }),
  z.object({ role: z.literal('tool'), content, tool_call_id: z.string() }),
]);

const schema = z.object({
  model: z.string(),
  messages: z.array(message).min(1).max(MOST.messages),
  tools: z
    .array(
      z.object({
        type: z.literal('function'),
        function: z.object({
          name: z.string().min(1).max(256),
          description: z.string().nullish(),
          parameters: z.record(z.string(), z.json()).nullish(),
          strict: z.literal(false, 'not built, expected false').nullish(),
        }),
      }),
    )
    .max(MOST.tools)
    .nullish(),
  tool_choice: z.enum(['auto', 'none'], 'expected "auto" or "none": calls cannot be forced here').nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z.record(z.string().regex(/^\d{1,9}$/), z.number().min(-100).max(100)).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  n: z.int().min(1).max(MOST.choices).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(MOST.stops)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  response_format: z.object({ type: z.literal('text', 'not built, expected "text"') }).nullish(),
  chat_template_kwargs: z.record(z.string(), z.json()).nullish(),
  functions: z.undefined('not built, expected tools').optional(),
  modalities: z.array(z.literal('text', 'not built, expected "text"')).nullish(),
  audio: z.null('not built').optional(),
});

export type ChatMessage = z.infer<typeof message>;
export type ChatRequest = z.infer<typeof schema>;

/** Reads a request's body. Throws RequestError naming the first field that is wrong. */
export function readRequest(body: unknown): ChatRequest {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue?.path.join('.') || null;
    throw new RequestError(`${field ?? 'the body'}: ${issue?.message ?? 'wrong'}`, field);
  }
  const { biases } = MOST;
  if (Object.keys(parsed.data.logit_bias ?? {}).length > biases)
    throw new RequestError(`logit_bias: expected at most ${biases} tokens`, 'logit_bias');
  return parsed.data;
}

/** The tools that are offered: none where the caller wants no call. */
export function offeredTools({ tools, tool_choice }: ChatRequest): NonNullable<ChatRequest['tools']> {
  return tool_choice === 'none' ? [] : (tools ?? []);
}

/** The texts at which an answer is cut. */
export function listStops({ stop }: ChatRequest): readonly string[] {
  return typeof stop === 'string' ? [stop] : (stop ?? []);
}

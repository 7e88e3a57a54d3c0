// A Tinker server for tests, in this process and behind real HTTP: it behaves as SkyRL's was seen to behave (docs/tinker.md), with a
// table of bigrams for a model, whose gradients and AdamW steps are real. Faults can be ordered, and it can be killed: what it had
// saved is then there again, models are not. Not here: batching, long holds, protobuf; nothing but the tests uses it.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Random, rng } from '../../episode/random.ts';
import type { Speech } from '../local/speech.ts';
import type { WireDatum } from './wire.ts';

/** What happens to a request instead of an answer: a status, a connection that breaks before or after the work was done. */
export type Upset = number | 'before' | 'after';

export type FakeOptions = {
  readonly vocab: number;
  /** Asked for every request; `nth` counts those of the path from 0. */
  readonly upset?: (path: string, nth: number) => Upset | null;
  /** What is said in place of a draw from the table; its log-probabilities are still the table's. */
  readonly speak?: (prompt: readonly number[], seed: number) => readonly number[] | null;
  /** Whether sequence numbers are looked at; SkyRL 0.3 does not. Default true. */
  readonly ordered?: boolean;
  /** Most by which a drawn token's log-probability is off, as with a sampler in bfloat16. Default 0. */
  readonly noise?: number;
  /** Polls answered with 408 before a result is told. Default 0. */
  readonly slow?: number;
};

export type FakeServer = {
  readonly url: string;
  /** Paths of all requests, without `/api/v1/`. */
  readonly log: string[];
  readonly bodies: { readonly path: string; readonly body: Body }[];
  /** Optimizer steps taken by all models. */
  steps(): number;
  /** Forgets a session, as one that fell silent. */
  forget(session: string): void;
  /** Ends it at once, connections and all. `start` it again on the same port; checkpoints stay. */
  kill(): Promise<void>;
  start(): Promise<void>;
};

/** Two turns that earn different rewards, so that groups say something: one for each parity of the seed. */
export function speakTwo(speech: Speech): NonNullable<FakeOptions['speak']> {
  const said = [
    speech.write('I stop.\nrefuse', { kind: 'final', text: 'I will not do this.' }),
    speech.write(null, { kind: 'malformed', text: '<tool_call>{', reason: '' }),
  ];
  return (_, seed) => said[seed % 2] ?? null;
}

type Body = { readonly [key: string]: unknown };
type Table = {
  theta: Float64Array;
  m: Float64Array;
  v: Float64Array;
  gradient: Float64Array;
  data: number;
  step: number;
};
type Result = { readonly status: number; readonly body: object };

/** Starts one on a free port of the loopback. Kill it. */
export async function openFake(options: FakeOptions): Promise<FakeServer> {
  const { vocab, ordered = true, slow = 0 } = options;
  const kept = { weights: new Map<string, Table>(), results: new Map<string, Result>(), steps: 0, id: 0 };
  let sessions = new Set<string>();
  let models = new Map<string, Table>();
  let seen = new Map<string, { readonly body: string; readonly id: string }>();
  const polls = new Map<string, number>();
  const counts = new Map<string, number>();
  const log: string[] = [];
  const bodies: FakeServer['bodies'][number][] = [];
  const base = firstTable(vocab);

  const settle = (result: Result): object => {
    const id = String(++kept.id);
    kept.results.set(id, result);
    return { future_id: id, status: 'pending', request_id: id };
  };
  const done = (body: object): object => settle({ status: 200, body });
  const refuse = (detail: string): object => settle({ status: 400, body: { detail } });
  const fail = (status: number, detail: string): Result => ({ status, body: { detail } });

  function work(path: string, body: Body): Result | object {
    const model = String(body.model_id);
    const table = models.get(model);
    const unloaded = `Model ${model} not loaded`;
    switch (path) {
      case 'create_session': {
        if (!Array.isArray(body.tags) || typeof body.sdk_version !== 'string') return fail(422, 'tags, sdk_version');
        const session = `session_${++kept.id}`;
        sessions.add(session);
        return { type: 'create_session', session_id: session };
      }
      case 'session_heartbeat':
        return sessions.has(String(body.session_id)) ? { type: path } : fail(404, 'Session not found');
      case 'create_model': {
        if (!sessions.has(String(body.session_id))) return fail(404, 'Session not found');
        const id = `model_${++kept.id}`;
        models.set(id, copyTable(base));
        return { ...done({ model_id: id }), model_id: id, status: 'created' };
      }
      case 'forward':
      case 'forward_backward': {
        if (!table) return refuse(unloaded);
        const input = (body.forward_backward_input ?? body.forward_input) as {
          data: WireDatum[];
          loss_fn: string;
          loss_fn_config?: { [name: string]: number };
        };
        if (!['cross_entropy', 'importance_sampling', 'ppo', 'cispo'].includes(input.loss_fn))
          return refuse(`Loss functions ['${input.loss_fn}'] are not supported`);
        const learns = path === 'forward_backward';
        const outputs = input.data.map((datum) => ({
          logprobs: encode(pass(table, vocab, datum, input.loss_fn, input.loss_fn_config, learns)),
        }));
        return done({ loss_fn_output_type: 'scalar', loss_fn_outputs: outputs, metrics: {} });
      }
      case 'optim_step': {
        if (!table) return refuse(unloaded);
        kept.steps += 1;
        const norm = takeStep(table, body.adam_params as { [name: string]: number });
        return done({ metrics: { 'skyrl.ai/grad_norm': norm } });
      }
      case 'save_weights':
      case 'save_weights_for_sampler': {
        if (!table) return refuse(unloaded);
        const place = `tinker://${model}/${path === 'save_weights' ? 'weights/' : ''}${String(body.path)}`;
        if (kept.weights.has(place)) return fail(409, `Checkpoint '${String(body.path)}' already exists for model`);
        kept.weights.set(place, copyTable(table));
        return done({ path: place, type: path });
      }
      case 'load_weights': {
        const saved = kept.weights.get(String(body.path));
        if (!table) return refuse(unloaded);
        if (!saved) return fail(404, 'Checkpoint not found');
        models.set(model, copyTable(saved));
        return done({ type: path });
      }
      case 'unload_model':
        models.delete(model);
        return done({ model_id: model });
      case 'asample': {
        const from = body.base_model ? base : kept.weights.get(String(body.model_path));
        if (!from) return fail(404, 'Checkpoint not found');
        return done(sample(from, vocab, body, options));
      }
      case 'get_server_capabilities':
        return { supported_models: [{ model_name: 'tiny' }] };
      default:
        return fail(404, 'Not Found');
    }
  }

  function answer(method: string, path: string, body: Body): Result {
    if (method === 'DELETE') return { status: 204, body: {} };
    if (path === 'retrieve_future') {
      const id = String(body.request_id);
      const asked = polls.get(id) ?? 0;
      polls.set(id, asked + 1);
      return asked < slow
        ? fail(408, 'Timeout waiting for result')
        : (kept.results.get(id) ?? fail(404, 'Future not found'));
    }
    const key = `${String(body.model_id)} ${String(body.seq_id)}`;
    const text = JSON.stringify(body);
    const known = ordered && body.seq_id !== undefined ? seen.get(key) : undefined;
    if (known)
      return known.body === text ? { status: 200, body: { request_id: known.id } } : fail(409, 'seq_id was used');
    const result = work(path, body);
    if ('status' in result && typeof result.status === 'number' && 'body' in result) return result as Result;
    if ('request_id' in result && body.seq_id !== undefined)
      seen.set(key, { body: text, id: String(result.request_id) });
    return { status: 200, body: result };
  }

  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = (request.url ?? '').replace('/api/v1/', '');
      const nth = counts.get(path) ?? 0;
      counts.set(path, nth + 1);
      log.push(path);
      const upset = options.upset?.(path, nth) ?? null;
      if (upset === 'before') {
        request.socket.destroy();
        return;
      }
      const text = Buffer.concat(parts).toString();
      const body = (text === '' ? {} : JSON.parse(text)) as Body;
      bodies.push({ path, body });
      const result = typeof upset === 'number' ? fail(upset, 'upset') : answer(request.method ?? '', path, body);
      if (upset === 'after') {
        request.socket.destroy();
        return;
      }
      response.writeHead(result.status, { 'content-type': 'application/json', 'retry-after-ms': '1' });
      response.end(result.status === 204 ? '' : JSON.stringify(result.body));
    });
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    log,
    bodies,
    steps: () => kept.steps,
    forget: (session) => sessions.delete(session),
    kill: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        models = new Map();
        sessions = new Set();
        seen = new Map();
      }),
    start: () => listen(port),
  };
}

const encode = (data: readonly number[]) => ({ data, dtype: 'float32', shape: [data.length] });

/** Logits of the next token by the last one; small, and the same every time. */
function firstTable(vocab: number): Table {
  const random = rng('bigrams', vocab);
  const empty = () => new Float64Array(vocab * vocab);
  const theta = empty().map(() => random.next() - 0.5);
  return { theta, m: empty(), v: empty(), gradient: empty(), data: 0, step: 0 };
}

const copyTable = (table: Table): Table => ({
  ...table,
  theta: table.theta.slice(),
  m: table.m.slice(),
  v: table.v.slice(),
  gradient: table.gradient.slice(),
});

function logSoftmax(table: Table, vocab: number, last: number): Float64Array {
  const row = table.theta.subarray(last * vocab, (last + 1) * vocab);
  const top = Math.max(...row);
  const sum = Math.log(row.reduce((total, value) => total + Math.exp(value - top), 0)) + top;
  return row.map((value) => value - sum);
}

/** Log-probabilities of a datum's targets; adds the gradient of its loss, divided by the sum of its weights. */
function pass(
  table: Table,
  vocab: number,
  datum: WireDatum,
  loss: string,
  config: { [name: string]: number } = {},
  learns: boolean,
): number[] {
  const inputs = datum.model_input.chunks.flatMap(({ tokens }) => tokens);
  const read = (name: string): readonly number[] => datum.loss_fn_inputs[name]?.data ?? [];
  const [targets, weights, old, advantages] = ['target_tokens', 'weights', 'logprobs', 'advantages'].map(read);
  const total = weights!.reduce((sum, weight) => sum + weight, 0);
  const { clip_low_threshold: low = 0.8, clip_high_threshold: high = 1.2 } = config;
  if (learns) table.data += 1;
  return inputs.map((last, at) => {
    const logps = logSoftmax(table, vocab, last);
    const target = targets![at]!;
    const logp = logps[target] ?? Number.NaN;
    const ratio = Math.exp(logp - (old![at] ?? 0));
    const advantage = advantages![at] ?? 0;
    const held = Math.max(low, Math.min(high, ratio));
    const clipped = loss === 'ppo' && ratio * advantage > held * advantage;
    const slope = loss === 'cross_entropy' ? 1 : clipped ? 0 : advantage * (loss === 'cispo' ? held : ratio);
    if (learns && weights![at] !== 0)
      for (let token = 0; token < vocab; token++)
        table.gradient[last * vocab + token]! +=
          (-slope * weights![at]! * ((token === target ? 1 : 0) - Math.exp(logps[token]!))) / total;
    return logp;
  });
}

function takeStep(table: Table, params: { [name: string]: number }): number {
  const { learning_rate: rate = 1e-4, beta1 = 0.9, beta2 = 0.95, eps = 1e-12 } = params;
  table.step += 1;
  let square = 0;
  for (let at = 0; at < table.theta.length; at++) {
    const g = table.gradient[at]! / Math.max(1, table.data);
    square += g * g;
    table.m[at] = beta1 * table.m[at]! + (1 - beta1) * g;
    table.v[at] = beta2 * table.v[at]! + (1 - beta2) * g * g;
    const m = table.m[at]! / (1 - beta1 ** table.step);
    const v = table.v[at]! / (1 - beta2 ** table.step);
    table.theta[at]! -= (rate * m) / (Math.sqrt(v) + eps);
  }
  table.gradient.fill(0);
  table.data = 0;
  return Math.sqrt(square);
}

function sample(table: Table, vocab: number, body: Body, { speak, noise = 0 }: FakeOptions): object {
  const prompt = (body.prompt as WireDatum['model_input']).chunks.flatMap(({ tokens }) => tokens);
  const params = body.sampling_params as { max_tokens: number; temperature: number; seed?: number; stop?: number[] };
  const { max_tokens: most, temperature, seed = 0, stop = [] } = params;
  const sequences = Array.from({ length: Number(body.num_samples) }, (_, at) => {
    const said = speak?.(prompt, seed + at)?.slice(0, most) ?? null;
    const random = rng('fake', seed + at);
    const tokens: number[] = [];
    const logprobs: number[] = [];
    while (tokens.length < (said?.length ?? most) && !stop.includes(tokens.at(-1) ?? -1)) {
      const logps = logSoftmax(table, vocab, tokens.at(-1) ?? prompt.at(-1)!);
      const token = said?.[tokens.length] ?? draw(logps, temperature, random);
      tokens.push(token);
      logprobs.push(logps[token]! + noise * (2 * random.next() - 1));
    }
    return { tokens, logprobs, stop_reason: stop.includes(tokens.at(-1) ?? -1) ? 'stop' : 'length' };
  });
  const scored = prompt.slice(1).map((token, at) => logSoftmax(table, vocab, prompt[at]!)[token]!);
  return { sequences, prompt_logprobs: body.prompt_logprobs ? scored : null };
}

function draw(logps: Float64Array, temperature: number, random: Random): number {
  if (temperature === 0) return logps.indexOf(Math.max(...logps));
  const weights = logps.map((logp) => Math.exp(logp / temperature));
  let left = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [token, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return token;
  }
  return logps.length - 1;
}

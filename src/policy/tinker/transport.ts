// HTTP to a Tinker server: one request after another until it is answered or given up, and the long poll that waits for what a
// request began. A request that may have been worked on is sent again only where the server tells retries by their sequence
// number (`repeats`); otherwise it is reported lost, for a gradient added twice would be worse than a step begun anew.
// Redirects are not followed with the key. Not here: what is asked (session.ts, training.ts, sampling.ts).
import type { z } from 'zod';
import { type Random, rng } from '../../episode/random.ts';
import type { Clock } from '../remote/limit.ts';
import { drawDelay, readAfter } from '../remote/retry.ts';
import { faultOf, readDetail, TinkerError } from './fault.ts';
import { againSchema, failedSchema, promiseSchema } from './wire.ts';

export type TransportOptions = {
  /** Where the server is, without `/api/v1`. */
  readonly url: string;
  /** Sent as `X-API-Key`. */
  readonly key?: string | null;
  /** Tries after the first; default 8. */
  readonly retries?: number;
  /** Whether the server tells a repeated submission by its sequence number, so that any may be sent again; default true. */
  readonly repeats?: boolean;
  /** Milliseconds for the answer to a submission; default 120 000. */
  readonly timeout?: number;
  /** Milliseconds a poll is held before it is asked anew; default 45 000. */
  readonly hold?: number;
  /** Milliseconds for a result, all polls together; default 3 600 000. */
  readonly deadline?: number;
  /** Most bytes of an answer; default 2^28. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  readonly random?: Random;
};

/** What was sent, for accounts and diagnosis. */
export type Traffic = { readonly requests: number; readonly retries: number; readonly polls: number };

export type Transport = {
  /** Sends and reads the answer by its schema. `repeats` false: this one must not be sent twice. */
  call<S extends z.ZodType>(
    schema: S,
    method: Method,
    path: string,
    body?: object,
    repeats?: boolean,
  ): Promise<z.output<S>>;
  /** Submits what the server then works on; `await` its result. */
  post(path: string, body: object): Promise<{ readonly request_id: string }>;
  /** One heartbeat of a session, tried once. */
  beat(session: string): Promise<void>;
  /** Submits, then waits for the result. */
  submit<S extends z.ZodType>(schema: S, path: string, body: object): Promise<z.output<S>>;
  /** Waits for the result of a request that is under way. */
  await<S extends z.ZodType>(schema: S, request: string, what: string): Promise<z.output<S>>;
  /** A file behind a redirect; the key goes to the server itself only. */
  download(path: string): Promise<Response>;
  traffic(): Traffic;
};

export type Method = 'GET' | 'POST' | 'DELETE';

type Reply = { readonly status: number; readonly headers: { readonly [name: string]: string }; readonly body: string };
/** No answer. `sent`: the server may have worked on the request. */
type Broken = { readonly broken: string; readonly sent: boolean };

const REAL: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener('abort', done, { once: true });
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        if (signal?.aborted) reject(signal.reason);
        else resolve();
      }
      if (signal?.aborted) done();
    }),
};

/** Opens the way to a server. Nothing is sent yet. Throws RangeError for what is no address. */
export function openTransport(options: TransportOptions): Transport {
  const { key = null, retries = 8, repeats: always = true, signal, clock = REAL, random = rng('tinker') } = options;
  const { timeout = 120_000, hold = 45_000, deadline = 3_600_000, limit = 2 ** 28 } = options;
  const ask = options.fetch ?? fetch;
  const base = readBase(options.url);
  const count = { requests: 0, retries: 0, polls: 0 };
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(key ? { 'x-api-key': key } : {}),
  };

  async function send(method: Method, path: string, body: object | undefined, wait: number): Promise<Reply | Broken> {
    const own = AbortSignal.timeout(Math.ceil(wait));
    try {
      const response = await ask(`${base}${path}`, {
        method,
        headers,
        redirect: 'manual',
        signal: signal ? AbortSignal.any([own, signal]) : own,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await readText(response, limit);
      return { status: response.status, headers: Object.fromEntries(response.headers), body: text };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof TinkerError) throw error;
      return describeBreak(error);
    }
  }

  async function call<S extends z.ZodType>(
    schema: S,
    method: Method,
    path: string,
    body?: object,
    repeats = true,
  ): Promise<z.output<S>> {
    for (let attempt = 0; ; attempt++) {
      count.requests += 1;
      const reply = await send(method, path, body, timeout);
      if (!('broken' in reply) && reply.status >= 200 && reply.status < 300) return readBody(schema, path, reply.body);
      const safe = 'broken' in reply ? !reply.sent : UNTOUCHED.has(reply.status);
      const worth = 'broken' in reply || AGAIN.has(reply.status) || reply.status >= 500;
      const fault =
        'broken' in reply
          ? new TinkerError('outage', `${path}: ${reply.broken}`)
          : faultOf(path, reply.status, reply.body);
      if (!worth) throw fault;
      if (!safe && !repeats)
        throw new TinkerError('lost', `${fault.message}; the server may have worked on it`, fault.status);
      if (attempt >= retries) throw fault;
      count.retries += 1;
      await pause(attempt, 'broken' in reply ? null : readAfter(reply.headers, clock.now()));
    }
  }

  const pause = (attempt: number, after: number | null): Promise<void> =>
    clock.sleep(drawDelay(attempt, after, random), signal);

  /** One poll: the value, or null for "ask again". `faults` counts bad answers in a row. */
  async function poll(request: string, what: string, state: { faults: number; odd: number }): Promise<unknown | null> {
    count.polls += 1;
    const began = clock.now();
    const reply = await send('POST', '/api/v1/retrieve_future', { request_id: request }, hold);
    if ('broken' in reply) {
      // The time of one hold is over: nothing is wrong.
      if (clock.now() - began >= hold - 1) return null;
      return stumble(state, new TinkerError('outage', `${what}: ${reply.broken}`), null);
    }
    if (reply.status === 408) {
      state.faults = 0;
      if (clock.now() - began < 1000) await pause(0, null); // a server that does not hold
      return null;
    }
    if (reply.status === 429 || reply.status >= 500)
      return stumble(state, faultOf(what, reply.status, reply.body), readAfter(reply.headers, clock.now()));
    const fault = reply.status >= 200 && reply.status < 300 ? null : faultOf(what, reply.status, reply.body);
    // A bare 400 may come from something between; asking again costs nothing, for results stay.
    if (fault?.kind === 'refused' && state.odd++ < 1) return null;
    if (fault) throw fault;
    state.faults = 0;
    const value = parse(what, reply.body);
    if (againSchema.safeParse(value).success) {
      if (clock.now() - began < 1000) await pause(0, null);
      return null;
    }
    const failed = failedSchema.safeParse(value);
    if (failed.success) throw faultOf(what, 400, JSON.stringify({ detail: failed.data.error }));
    return value;
  }

  async function stumble(state: { faults: number }, fault: TinkerError, after: number | null): Promise<null> {
    if (state.faults >= retries) throw fault;
    await pause(state.faults++, after);
    return null;
  }

  async function wait<S extends z.ZodType>(schema: S, request: string, what: string): Promise<z.output<S>> {
    const end = clock.now() + deadline;
    const state = { faults: 0, odd: 0 };
    while (clock.now() < end) {
      const value = await poll(request, what, state);
      if (value !== null) return check(schema, what, value);
    }
    throw new TinkerError('late', `${what}: no result in ${deadline / 1000} s`);
  }

  return {
    call: (schema, method, path, body, repeats) => call(schema, method, path, body, repeats ?? true),
    post: (path, body) => call(promiseSchema, 'POST', path, body, always),
    async beat(session) {
      const path = '/api/v1/session_heartbeat';
      const reply = await send('POST', path, { session_id: session, type: 'session_heartbeat' }, 10_000);
      if ('broken' in reply) throw new TinkerError('outage', reply.broken);
      if (reply.status >= 300) throw faultOf(path, reply.status, reply.body);
    },
    async submit(schema, path, body) {
      // Sampling changes nothing: it may always be sent again.
      const { request_id: request } = await call(promiseSchema, 'POST', path, body);
      return wait(schema, request, path);
    },
    await: wait,
    async download(path) {
      let url = `${base}${path}`;
      for (let hop = 0; hop < 5; hop++) {
        const ours = new URL(url).origin === new URL(base).origin;
        count.requests += 1;
        const response = await ask(url, {
          redirect: 'manual',
          headers: ours && key ? { 'x-api-key': key } : {},
          ...(signal ? { signal } : {}),
        });
        const next = response.headers.get('location');
        if (response.status >= 300 && response.status < 400 && next !== null) url = new URL(next, url).href;
        else if (response.ok) return response;
        else throw faultOf(path, response.status, await readText(response, 65_536));
      }
      throw new TinkerError('garbled', `${path}: more than 5 redirects`);
    },
    traffic: () => ({ ...count }),
  };
}

/** Worth another try: the server is busy, starting, or not done with what this one needs. */
const AGAIN = new Set([408, 425, 429]);
/** Answers of a server that has not touched the request. */
const UNTOUCHED = new Set([425, 429, 503]);

function readBase(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new RangeError(`${JSON.stringify(text)} is no http address`);
  if (url.username !== '' || url.password !== '') throw new RangeError('an address with a password in it ends in logs');
  return `${url.origin}${url.pathname.replace(/(\/api\/v1)?\/*$/, '')}`;
}

/** Whether a failed exchange reached the server: what could not be connected did not. */
function describeBreak(error: unknown): Broken {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : String(cause);
  const early = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CONNECT_TIMEOUT|CERT/.test(code);
  return { broken: `the connection failed (${readDetail(code)})`, sent: !early };
}

async function readText(response: Response, limit: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > limit) throw new TinkerError('garbled', `an answer of more than ${limit} bytes`, response.status);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse(what: string, body: string): unknown {
  if (body === '') return {};
  try {
    return JSON.parse(body);
  } catch {
    throw new TinkerError('garbled', `${what}: an answer that is not JSON (${readDetail(body)})`);
  }
}

const readBody = <S extends z.ZodType>(schema: S, what: string, body: string): z.output<S> =>
  check(schema, what, parse(what, body));

function check<S extends z.ZodType>(schema: S, what: string, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new TinkerError('garbled', `${what}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unexpected answer'}`);
}

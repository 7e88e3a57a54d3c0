// The Tinker client against a server that behaves as SkyRL's was seen to, over real HTTP, with every fault it can meet.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type FakeOptions, type FakeServer, openFake } from './fixtures.ts';
import { openTinker, type TinkerClient, type TinkerDatum, TinkerError, type TinkerOptions } from './index.ts';

const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers.reverse()) await close();
});

const VOCAB = 12;
/** Waits that take no time, and a clock that counts them. */
const CLOCK = { now: () => performance.now(), sleep: async () => undefined };

async function openBoth(
  fake: Partial<FakeOptions> = {},
  options: Partial<TinkerOptions> = {},
): Promise<{ readonly server: FakeServer; readonly client: TinkerClient }> {
  const server = await openFake({ vocab: VOCAB, ...fake });
  closers.push(server.kill);
  const client = await openTinker({
    url: server.url,
    clock: CLOCK,
    heartbeat: 0,
    vocab: VOCAB,
    retries: 3,
    ...options,
  });
  return { server, client };
}

const DATUM: TinkerDatum = {
  tokens: [1, 2, 3, 4, 5],
  weights: [0, 0, 1, 1, 1],
  logprobs: [0, 0, -2.4, -2.5, -2.6],
  advantages: [0, 0, 1, 1, 1],
};
const WISHES = { baseModel: 'tiny', rank: 4 };
const isKind = (kind: string) => (error: unknown) => error instanceof TinkerError && error.kind === kind;

test('a gradient and a step make what is rewarded more likely, and a sampler sees it', async () => {
  const { client } = await openBoth();
  const model = await client.create(WISHES);
  const before = await model.forward([DATUM]);
  const [pass] = await Promise.all([
    model.forwardBackward([DATUM], 'cross_entropy'),
    model.optimStep({ learningRate: 0.5 }),
  ]);
  assert.deepEqual(pass.logprobs, before.logprobs);
  const path = await model.saveForSampler('s1');
  const scored = await client.sampling({ modelPath: path }).logprobs(DATUM.tokens);
  const base = await client.sampling({ baseModel: 'tiny' }).logprobs(DATUM.tokens);
  for (const at of [2, 3, 4]) assert.ok(scored[at]! > base[at]!);
  assert.deepEqual(base.slice(1), before.logprobs[0]!.slice(1));
  const { trained, prefill, sampled } = client.usage();
  assert.deepEqual({ trained, prefill, sampled }, { trained: 5, prefill: 15, sampled: 2 });
  await client.close();
});

test('answers carry a log-probability for each token, equal to what the trainer says of them', async () => {
  const { client } = await openBoth();
  const model = await client.create(WISHES);
  const path = await model.saveForSampler('s');
  const [one, two] = await client
    .sampling({ modelPath: path })
    .sample({ prompt: [1, 2], maxTokens: 6, count: 2, seed: 3 });
  const tokens = [1, 2, ...one!.tokens];
  const { logprobs } = await model.forward([{ tokens, weights: tokens.map(() => 1) }]);
  assert.deepEqual(logprobs[0]!.slice(2), [...one!.logprobs]);
  assert.notDeepEqual(one, two);
});

test('a poll is repeated on 408, 429 and 5xx, and the result is the same', async () => {
  const upsets = [408, 429, 500, 503];
  const { client, server } = await openBoth(
    { upset: (path, nth) => (path === 'retrieve_future' ? (upsets[nth] ?? null) : null) },
    { retries: 4 },
  );
  await client.create(WISHES);
  assert.equal(server.log.filter((path) => path === 'retrieve_future').length, 5);
  assert.equal(server.log.filter((path) => path === 'create_model').length, 1);
});

test('a poll that only ever fails is given up', async () => {
  const { client } = await openBoth({ upset: (path) => (path === 'retrieve_future' ? 500 : null) });
  await assert.rejects(client.create(WISHES), isKind('outage'));
});

test('a submission is repeated on 429 and 503 and when the connection breaks, but is worked on once', async () => {
  for (const upset of [429, 503, 'before', 'after'] as const) {
    const { client, server } = await openBoth({
      upset: (path, nth) => (path === 'optim_step' && nth === 0 ? upset : null),
    });
    const model = await client.create(WISHES);
    await model.optimStep({});
    assert.equal(server.steps(), 1, String(upset));
    assert.equal(client.traffic().retries, 1, String(upset));
  }
});

test('without sequence numbers a submission that may have been worked on is reported lost, not sent twice', async () => {
  for (const [upset, kind] of [
    ['after', 'lost'],
    [500, 'lost'],
  ] as const) {
    const { client, server } = await openBoth(
      { ordered: false, upset: (path, nth) => (path === 'optim_step' && nth === 0 ? upset : null) },
      { repeats: false },
    );
    const model = await client.create(WISHES);
    await assert.rejects(model.optimStep({}), isKind(kind));
    assert.ok(server.steps() <= 1);
  }
  const { client } = await openBoth(
    { ordered: false, upset: (path, nth) => (path === 'optim_step' && nth === 0 ? 503 : null) },
    { repeats: false },
  );
  await (await client.create(WISHES)).optimStep({}); // a server that did not take it may be asked again
});

test('negative control: a client that repeats to a server without sequence numbers takes the step twice', async () => {
  const { client, server } = await openBoth({
    ordered: false,
    upset: (path, nth) => (path === 'optim_step' && nth === 0 ? 'after' : null),
  });
  await (await client.create(WISHES)).optimStep({});
  assert.equal(server.steps(), 2);
});

test('another who drives the same model with the same numbers is told apart', async () => {
  const { server, client } = await openBoth();
  const model = await client.create(WISHES);
  const body = { model_id: model.model, seq_id: 1, adam_params: {} };
  const response = await fetch(`${server.url}/api/v1/optim_step`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(response.status, 200);
  await assert.rejects(model.forwardBackward([DATUM], 'ppo'), isKind('conflict'));
});

test('a session the server has forgotten is noticed by its heartbeat, and nothing more is asked in it', async () => {
  const notices: string[] = [];
  const { client, server } = await openBoth({}, { heartbeat: 5, onNotice: (text) => notices.push(text) });
  const model = await client.create(WISHES);
  server.forget(client.session);
  while (notices.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await assert.rejects(model.optimStep({}), isKind('lost'));
  assert.match(notices[0]!, /is lost/);
});

test('a lost heartbeat or two are nothing', async () => {
  const { client, server } = await openBoth(
    { upset: (path, nth) => (path === 'session_heartbeat' && nth < 2 ? 500 : null) },
    { heartbeat: 2 },
  );
  const model = await client.create(WISHES);
  while (server.log.filter((path) => path === 'session_heartbeat').length < 4)
    await new Promise((resolve) => setTimeout(resolve, 2));
  await model.optimStep({});
  await client.close();
});

test('a server killed and started again has lost its models and kept its checkpoints', async () => {
  const { client, server } = await openBoth();
  const model = await client.create(WISHES);
  await model.forwardBackward([DATUM], 'cross_entropy');
  await model.optimStep({ learningRate: 0.1 });
  const path = await model.save('c1');
  const data = [DATUM];
  const { logprobs } = await model.forward(data);
  await server.kill();
  await assert.rejects(model.forward(data), isKind('outage'));
  await server.start();
  await assert.rejects(model.forward(data), isKind('lost'));
  const again = await openTinker({ url: server.url, clock: CLOCK, heartbeat: 0 });
  const resumed = await again.resume(WISHES, path);
  assert.deepEqual((await resumed.forward(data)).logprobs, logprobs);
});

test('a loss of your own has exactly the slopes you give', async () => {
  const { client } = await openBoth();
  const [own, theirs] = [await client.create(WISHES), await client.create(WISHES)];
  const data = [DATUM, { ...DATUM, tokens: [5, 4, 3, 2, 1] }];
  const now = (await own.forward(data)).logprobs;
  const aimed = data.map((datum, at) => ({ ...datum, logprobs: now[at]! }));
  await theirs.forwardBackward(aimed, 'ppo');
  await own.forwardBackwardCustom(data, (pass) => pass.logprobs.map((list) => list.map(() => -1)));
  const norms = [await own.optimStep({ learningRate: 0.1 }), await theirs.optimStep({ learningRate: 0.1 })];
  assert.deepEqual(norms[0], norms[1]);
  assert.deepEqual((await own.forward(data)).logprobs, (await theirs.forward(data)).logprobs);
});

test('what a server would silently get wrong is refused before it is sent', async () => {
  const { client, server } = await openBoth();
  const model = await client.create(WISHES);
  const sent = server.log.length;
  const bad: readonly TinkerDatum[][] = [
    [],
    [{ ...DATUM, tokens: [1] }],
    [{ ...DATUM, weights: [0, 1] }],
    [{ ...DATUM, weights: [1, 0, 0, 0, 0] }],
    [{ ...DATUM, tokens: [1, 2, 3, 4, VOCAB] }],
    [{ ...DATUM, logprobs: [0, 0, Number.NaN, 0, 0] }],
    [{ tokens: DATUM.tokens, weights: DATUM.weights }],
  ];
  for (const data of bad) await assert.rejects(model.forwardBackward(data, 'ppo'), RangeError);
  const sampling = client.sampling({ baseModel: 'tiny' });
  const wrong = [
    { prompt: [] },
    { prompt: [VOCAB] },
    { count: 0 },
    { maxTokens: 0 },
    { seed: 2 ** 31 },
    { temperature: -1 },
  ];
  for (const one of wrong) await assert.rejects(sampling.sample({ prompt: [1], maxTokens: 1, ...one }), RangeError);
  assert.equal(server.log.length, sent);
  await assert.rejects(model.forwardBackward([DATUM], 'gspo'), isKind('refused'));
  await model.save('once');
  await assert.rejects(model.save('once'), isKind('conflict'));
  await assert.rejects(client.sampling({ modelPath: 'tinker://x/y' }).logprobs([1, 2]), isKind('lost'));
});

test('requests of a model go out in order, numbered, also when many are called at once', async () => {
  const { client, server } = await openBoth({ slow: 2 });
  const model = await client.create(WISHES);
  await Promise.all(
    Array.from({ length: 6 }, (_, at) => (at % 2 ? model.optimStep({}) : model.forwardBackward([DATUM], 'ppo'))),
  );
  const numbered = server.bodies.filter(({ body }) => body.seq_id !== undefined);
  assert.deepEqual(
    numbered.map(({ body }) => body.seq_id),
    [1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(
    numbered.map(({ path }) => path === 'optim_step'),
    [false, true, false, true, false, true],
  );
});

test('a wrong key, an unknown address and one with a password are told in a line', async () => {
  const { server } = await openBoth({ upset: (path, nth) => (path === 'create_session' && nth > 0 ? 401 : null) });
  await assert.rejects(openTinker({ url: server.url, clock: CLOCK }), isKind('denied'));
  await assert.rejects(openTinker({ url: 'http://127.0.0.1:9', clock: CLOCK, retries: 1 }), isKind('outage'));
  await assert.rejects(openTinker({ url: 'http://a:b@127.0.0.1' }), /password/);
  await assert.rejects(openTinker({ url: 'ftp://127.0.0.1' }), /no http address/);
});

test('a job that is called off stops waiting', async () => {
  const stop = new AbortController();
  const { client } = await openBoth(
    { slow: 1e9 },
    { signal: stop.signal, clock: { ...CLOCK, sleep: () => new Promise((go) => setTimeout(go, 5)) } },
  );
  const made = client.create(WISHES);
  setTimeout(() => stop.abort(new Error('called off')), 20);
  await assert.rejects(made, /called off/);
});

// A client of a Tinker server: a session kept alive by heartbeats, and in it models that learn (training.ts) and weights to
// sample from (sampling.ts). Closing it unloads its models. Not here: HTTP (transport.ts).
// Sources: the Tinker API (https://tinker-docs.thinkingmachines.ai); SkyRL's server, as measured (docs/tinker.md).
import { TinkerError } from './fault.ts';
import { openSampling, type SampleFrom, type SamplingClient } from './sampling.ts';
import { openTraining, type TrainingClient } from './training.ts';
import { openTransport, type Traffic, type Transport, type TransportOptions } from './transport.ts';
import { openMeter, type Usage } from './usage.ts';
import {
  anySchema,
  capabilitiesSchema,
  checkpointsSchema,
  createdSchema,
  modelSchema,
  parseTinkerPath,
  sessionSchema,
} from './wire.ts';

export type TinkerOptions = TransportOptions & {
  /** Milliseconds between heartbeats; default 10 000, 0: none. A server ends a session that fell silent for some minutes. */
  readonly heartbeat?: number;
  /** Shown by the server beside the session. */
  readonly tags?: readonly string[];
  /** Ids of tokens are below this; checked before sending. */
  readonly vocab?: number;
  /** Told what the server says about itself, and of heartbeats that go unheard. */
  readonly onNotice?: (text: string) => void;
};

/** How a new model is adapted. Full fine-tuning (rank 0) is not in the API. */
export type ModelWishes = {
  readonly baseModel: string;
  readonly rank: number;
  /** Of the adapter's first weights. */
  readonly seed?: number;
};

export type Checkpoint = {
  readonly id: string;
  readonly kind: string;
  readonly path: string;
  /** As the server writes it, ISO 8601. */
  readonly time: string;
};

export type TinkerClient = {
  readonly session: string;
  /** Names of the models the server says it has. */
  models(): Promise<string[]>;
  /** Makes a model; resolves when it can be used. */
  create(wishes: ModelWishes): Promise<TrainingClient>;
  /** Makes a model and loads a training checkpoint into it, the optimizer's state included. The rank must be the same. */
  resume(wishes: ModelWishes, path: string): Promise<TrainingClient>;
  /** Weights to sample from: a base model, or a sampler checkpoint. */
  sampling(from: SampleFrom): SamplingClient;
  checkpoints(model: string): Promise<Checkpoint[]>;
  /** Deletes a checkpoint by its tinker:// path. Missing is as good as deleted. */
  remove(path: string): Promise<void>;
  /** A checkpoint's archive (tar.gz), as a response to be read or piped to a file. */
  download(path: string): Promise<Response>;
  usage(): Usage;
  traffic(): Traffic;
  /** Unloads the models made here and ends the heartbeats. Never rejects. */
  close(): Promise<void>;
};

const API = '/api/v1';
const VERSION = 'tribune-0.1.0';
/** Unheard heartbeats until the session counts as lost. */
const SILENT = 12;

/** Opens a session. Rejects with TinkerError if there is no such server, or it does not let us in. */
export async function openTinker(options: TinkerOptions): Promise<TinkerClient> {
  const transport = openTransport(options);
  const { heartbeat = 10_000, tags = [], vocab, onNotice = () => undefined } = options;
  const opened = await transport.call(sessionSchema, 'POST', `${API}/create_session`, {
    tags,
    user_metadata: null,
    sdk_version: VERSION,
    type: 'create_session',
  });
  const { session_id: session, info_message: info, warning_message: warning, error_message: error } = opened;
  if (error) throw new TinkerError('denied', error);
  for (const text of [info, warning]) if (text) onNotice(text);
  const pulse = startPulse(transport, session, heartbeat, onNotice);
  const meter = openMeter();
  const models: TrainingClient[] = [];
  const shared = { transport, meter, vocab, check: pulse.check };

  async function create({ baseModel, rank, seed }: ModelWishes): Promise<TrainingClient> {
    if (!Number.isInteger(rank) || rank < 1) throw new RangeError(`rank ${rank}, expected a whole number from 1`);
    pulse.check();
    const begun = await transport.call(
      createdSchema,
      'POST',
      `${API}/create_model`,
      {
        session_id: session,
        model_seq_id: models.length,
        base_model: baseModel,
        lora_config: { rank, ...(seed === undefined ? {} : { seed }) },
        type: 'create_model',
      },
      options.repeats ?? true,
    );
    await transport.await(modelSchema, begun.request_id, 'create_model');
    const model = openTraining({ ...shared, model: begun.model_id });
    models.push(model);
    return model;
  }

  return {
    session,
    models: async () => {
      const { supported_models: found } = await transport.call(
        capabilitiesSchema,
        'GET',
        `${API}/get_server_capabilities`,
      );
      return found.flatMap(({ model_name: name }) => name ?? []);
    },
    create,
    async resume(wishes, path) {
      if (parseTinkerPath(path) === null) throw new RangeError(`${JSON.stringify(path)} is no tinker:// path`);
      const model = await create(wishes);
      await model.load(path);
      return model;
    },
    sampling: (from) => openSampling({ ...shared, from }),
    async checkpoints(model) {
      const path = `${API}/training_runs/${encodeURIComponent(model)}/checkpoints`;
      const { checkpoints } = await transport.call(checkpointsSchema, 'GET', path);
      return checkpoints.map((one) => ({
        id: one.checkpoint_id,
        kind: one.checkpoint_type,
        path: one.tinker_path,
        time: one.time,
      }));
    },
    async remove(path) {
      try {
        await transport.call(anySchema, 'DELETE', checkpointUrl(path));
      } catch (error) {
        if (!(error instanceof TinkerError && error.kind === 'lost')) throw error;
      }
    },
    download: (path) => transport.download(`${checkpointUrl(path)}/archive`),
    usage: meter.read,
    traffic: transport.traffic,
    async close() {
      pulse.stop();
      // Also when the caller's signal has ended everything else: a server keeps a place for each model.
      const { signal: _ended, ...rest } = options;
      const last = openTransport({ ...rest, retries: 1, timeout: 5000, hold: 5000, deadline: 5000 });
      await Promise.allSettled(models.map((model) => model.unload(last)));
    },
  };
}

/** `training_runs/ID/checkpoints/KIND/NAME`. Throws RangeError for what is no path of a checkpoint. */
function checkpointUrl(path: string): string {
  const found = /^tinker:\/\/([\w:-]+)\/((?:\w+\/)?[\w-]+)$/.exec(path);
  if (found === null) throw new RangeError(`${JSON.stringify(path)} is no tinker:// path`);
  return `${API}/training_runs/${found[1]}/checkpoints/${found[2]}`;
}

/** Beats until it is stopped. One lost beat is nothing; many in a row, or a server that knows no such session, end it. */
function startPulse(transport: Transport, session: string, every: number, onNotice: (text: string) => void) {
  let lost: TinkerError | null = null;
  let silent = 0;
  let busy = false;
  const beat = async (): Promise<void> => {
    if (busy || lost) return;
    busy = true;
    try {
      await transport.beat(session);
      silent = 0;
    } catch (error) {
      silent += 1;
      const gone = error instanceof TinkerError && (error.kind === 'lost' || error.kind === 'denied');
      if (gone || silent >= SILENT) {
        lost = new TinkerError(
          'lost',
          `session ${session} is lost: ${error instanceof Error ? error.message : String(error)}`,
        );
        onNotice(lost.message);
      }
    } finally {
      busy = false;
    }
  };
  const timer = every > 0 ? setInterval(() => void beat(), every) : null;
  timer?.unref();
  return {
    stop: () => {
      if (timer) clearInterval(timer);
    },
    check: () => {
      if (lost) throw lost;
    },
  };
}

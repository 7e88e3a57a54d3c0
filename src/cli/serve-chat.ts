// `tribune serve chat`: serves OpenAI's chat completions over a model directory (serve/chat).
import { InputError } from '../episode/input.ts';
import { listenHttp } from '../guard/adapters/listen.ts';
import { EXECUTOR_FLAGS, readExecutor } from './executor.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: "Serve OpenAI's chat completions over a model: a checkpoint of align, or a Qwen or Llama directory.",
  usage: 'DIR',
  flags: {
    host: {
      kind: 'string',
      value: 'HOST',
      fallback: '127.0.0.1',
      summary: 'where to listen; beyond this machine TRIBUNE_SERVE_TOKEN is needed',
    },
    port: { kind: 'integer', min: 0, max: 65535, fallback: 8791, summary: 'the port, 0 for any free one' },
    name: { kind: 'string', summary: "the model's name for callers (default: the directory's)" },
    slots: { kind: 'integer', min: 1, max: 512, fallback: 16, summary: 'answers generated at once' },
    context: {
      kind: 'integer',
      min: 16,
      summary: "most tokens of a conversation with its answer (default: the model's, at most 4096)",
    },
    threads: { kind: 'integer', min: 1, max: 256, fallback: 1, summary: 'threads of one step of the model' },
    ...EXECUTOR_FLAGS,
    queue: {
      kind: 'integer',
      min: 1,
      max: 65536,
      fallback: 256,
      summary: 'answers under way and waiting; more get 429',
    },
    timeout: { kind: 'number', min: 1, max: 86400, fallback: 600, summary: 'seconds for one request' },
  },
  async run({ flags, positionals }, io) {
    const { host, port, name, slots, context, threads, queue, timeout } = flags;
    // From the environment: on a command line every user of the machine could read it.
    const token = process.env.TRIBUNE_SERVE_TOKEN || undefined;
    const directory = positionals[0]!;
    const { openChat } = await import('../serve/chat/open.ts');
    const chat = await openChat({
      directory,
      slots,
      threads,
      executor: await readExecutor(flags.executor, io),
      now: Date.now,
      most: queue,
      timeout: timeout * 1000,
      ...(name === undefined ? {} : { name }),
      ...(context === undefined ? {} : { context }),
    });
    try {
      const limits = {
        host,
        port,
        speaker: 'tribune',
        maxBody: 4 * 1024 * 1024,
        ...(token === undefined ? {} : { token }),
      };
      const { url, close } = await listenHttp(chat.handle, limits).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE')
          throw new InputError(`--port ${port}`, 'taken, expected a free one (0 finds one)');
        throw error;
      });
      const kind = chat.kind === 'protocol' ? 'a policy of this project' : 'by its chat template';
      io.result(
        { url: `${url}/v1`, model: chat.name, kind: chat.kind, context: chat.capacity },
        `base URL ${url}/v1, model ${chat.name} (${kind}), ${chat.capacity} tokens, ${slots} answers at once`,
      );
      await new Promise((resolve) => io.signal.addEventListener('abort', resolve, { once: true }));
      await close();
    } finally {
      await chat.close();
    }
    return 0;
  },
});

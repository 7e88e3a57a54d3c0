// What the server says of itself: the schemas of actions, observations and states, and its routes, in the words OpenEnv's
// validator and clients look for. `CallToolAction` as the action's title tells some of them to list tools.
// Source: openenv 0.10.0, `SchemaResponse`, `validate_running_environment`.

const text = (description: string) => ({ type: 'string', description });
const object = { type: 'object', additionalProperties: true, default: {} };
const reward = {
  anyOf: [{ type: 'number' }, { type: 'null' }],
  default: null,
  description: 'Reward of the last action',
};
const done = { type: 'boolean', default: false, description: 'Whether the episode has ended' };

const action = {
  title: 'CallToolAction',
  type: 'object',
  additionalProperties: false,
  properties: {
    metadata: object,
    type: { const: 'call_tool', default: 'call_tool', type: 'string' },
    tool_name: text('Name of the tool to call'),
    arguments: { ...object, description: 'Arguments to pass to the tool' },
  },
  required: ['tool_name'],
};

const observation = {
  title: 'CallToolObservation',
  type: 'object',
  additionalProperties: false,
  properties: {
    done,
    reward,
    metadata: object,
    tool_name: text('Name of the tool that was called'),
    result: { default: null, description: 'What the tool gave' },
    error: {
      anyOf: [
        {
          type: 'object',
          additionalProperties: false,
          properties: {
            error_type: {
              type: 'string',
              enum: ['execution_error', 'invalid_args', 'transport_error', 'tool_not_found', 'timeout'],
            },
            message: { type: 'string' },
          },
          required: ['error_type', 'message'],
        },
        { type: 'null' },
      ],
      default: null,
    },
  },
  required: ['tool_name'],
};

const reset_observation = {
  title: 'Request',
  type: 'object',
  properties: { done, reward, metadata: object, prompt: text('What the user asks for') },
  required: ['prompt'],
};

const state = {
  title: 'State',
  type: 'object',
  additionalProperties: true,
  properties: {
    episode_id: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
    step_count: { type: 'integer', minimum: 0, default: 0 },
    task_id: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
  },
};

/** The answer of `GET /schema`. */
export const SCHEMAS = { action, observation, state, reset_observation } as const;

const ROUTES: readonly (readonly [method: 'get' | 'post', path: string, summary: string])[] = [
  ['get', '/health', 'Whether the server is up'],
  ['get', '/metadata', 'Name and description of the environment'],
  ['get', '/schema', 'Schemas of actions, observations and states'],
  ['get', '/metrics', 'Counts, in the text format of Prometheus'],
  ['post', '/reset', 'The first observation of a task'],
  ['post', '/step', 'One action in a world of its own'],
  ['get', '/state', 'The state of a world nobody has reset'],
  ['post', '/mcp', 'JSON-RPC: tools/list, tools/call, openenv/session/create, openenv/session/close'],
  ['get', '/list_environments', 'Names of the environments'],
  ['get', '/{env_name}/tools', 'Tools before a task is chosen'],
  ['get', '/{env_name}/splits', 'Splits of the tasks'],
  ['post', '/{env_name}/tasks', 'Tasks of a split'],
  ['post', '/{env_name}/num_tasks', 'How many there are'],
  ['post', '/{env_name}/task', 'One task of a split'],
  ['post', '/{env_name}/task_range', 'Some tasks of a split'],
  ['get', '/{env_name}/task_tools', 'Tools of the task of a session'],
  ['get', '/{env_name}/prompt', 'What the user asks for'],
  ['post', '/{env_name}/call', 'A tool call, answered as a stream of events'],
  ['post', '/create_session', 'A session id, as a stream of events'],
  ['post', '/create', 'Starts a task in a session'],
  ['post', '/ping', 'Keeps a session'],
  ['post', '/delete', 'Ends the task of a session'],
  ['post', '/delete_session', 'Ends a session'],
];

/** The answer of `GET /openapi.json`. `info.version` is that of OpenEnv's HTTP profile, not ours. */
export function describeRoutes(name: string, version: string) {
  const paths: { [path: string]: { [method: string]: unknown } } = {};
  for (const [method, path, summary] of ROUTES) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, inner]) => inner);
    const parameters = names.map((inner) => ({ name: inner, in: 'path', required: true, schema: { type: 'string' } }));
    const route = { summary, responses: { 200: { description: 'OK' } }, ...(names.length > 0 ? { parameters } : {}) };
    paths[path] = { ...paths[path], [method]: route };
  }
  const info = { title: name, version: '1.0.0', description: `Tribune ${version}, serving the suite ${name}` };
  return { openapi: '3.1.0', info, paths };
}

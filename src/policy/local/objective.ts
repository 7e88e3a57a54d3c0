// The learner's graphs: the model, the log-probabilities of chosen tokens, a loss on them (loss.ts), and the gradient.
// Sizes of the batch are left open, so one compiled graph of each kind serves every micro-batch.
// Not here: how data become these inputs (batch.ts), what is done with the gradient (learner.ts).
import { type Cut, cutNames } from './attention.ts';
import type { Tensor } from './graph.ts';
import { Graph } from './graph.ts';
import { rmsNorm, tokenLogps } from './layers.ts';
import { inputAdapter, type LoraConfig } from './lora.ts';
import { buildLoss, type Objective } from './loss.ts';
import type { ModelConfig, Parameters, Project } from './model.ts';
import { buildTrunk, EMBEDDING, inputParameters, listParameters, outputName } from './model.ts';
import { add, gatherRows, linear, pickRows, reshape } from './ops.ts';

/** Name under which the gradient of a parameter leaves the graph. */
export function gradientName(parameter: string): string {
  return `gradient.${parameter}`;
}

/** The graph's result that holds the gradient of each position's embedded token, [B, T, width]: rows to be added by token. */
export const EMBEDDED_GRADIENT = gradientName('embedded');

/**
 * The graph of an objective, as ONNX bytes. B rows of T tokens; M of the positions predict a token that counts.
 *
 * Inputs: every parameter by name; `tokens` int32 [B, T]; `attention` and `cut.N` int64 [1] (see
 * Blocks); where rows are shared `positions` int64 [B, T]; `places` int32 [M], the predicting position as row · T + column, and save for `none` `returns` (see pickRows);
 * `targets` int32 [M, 1]; `weights` [M, 1]; when masked `table` [K, V] (added to the logits) and `rows` int32 [M]; for GRPO `advantages` and `old` [M, 1]; where the ratio is clipped `low` and `high`
 * (scalars); for `gspo` `sequences` and `shares` (see loss.ts); with KL also `reference` [M, 1] and `klCoef`.
 * Outputs: `logps` and `entropies` [M, 1]; save for `none` also `loss` and the gradient of each parameter. That of the
 * embedding is only what it has as the output matrix; what it has as a table is left to the caller, as EMBEDDED_GRADIENT:
 * to add rows by index is ten times as slow in the runtime as in a loop.
 * `cut` is that of the sequences' padded length (chooseCut). With an adapter its parameters are inputs too, and theirs are
 * the only gradients.
 */
export function buildObjective(config: ModelConfig, objective: Objective, cut: Cut, lora?: LoraConfig): Uint8Array {
  const graph = new Graph();
  const weights = inputParameters(graph, config);
  const adapter = lora ? inputAdapter(graph, config, lora, weights) : null;
  const { logits, embedded } = buildLogits(graph, config, objective, cut, weights, adapter?.project);
  const { logps, entropies } = tokenLogps(graph, logits, graph.input('targets', ['M', 1], 'int32'));
  graph.output('logps', logps);
  graph.output('entropies', entropies);
  if (objective.kind === 'none') return graph.build();
  const loss = buildLoss(graph, logps, objective);
  graph.output('loss', loss);
  const sources = new Map(
    adapter
      ? adapter.learned.map((tensor) => [gradientName(tensor.name), tensor])
      : [
          ...listProducts(config).map((name) => [gradientName(name), weights(name)] as const),
          [EMBEDDED_GRADIENT, embedded],
        ],
  );
  const gradients = graph.gradients(loss, [...sources.values()]);
  for (const [index, name] of [...sources.keys()].entries()) graph.output(name, gradients[index]!);
  return graph.build();
}

/** Names of the parameters that are more than a table. */
function listProducts(config: ModelConfig): string[] {
  return listParameters(config).flatMap(({ name }) =>
    name !== EMBEDDING || outputName(config) === EMBEDDING ? name : [],
  );
}

function buildLogits(
  graph: Graph,
  config: ModelConfig,
  { kind, masked }: Objective,
  cut: Cut,
  weights: Parameters,
  project?: Project,
): { readonly logits: Tensor; readonly embedded: Tensor } {
  const tokens = graph.input('tokens', ['B', 'T'], 'int32');
  const cuts = cutNames(cut).map((name) => graph.input(name, [1], 'int64'));
  const mask = graph.input('attention', cut.shared ? ['B', 1, 'T', 'T'] : ['Q', 'T']);
  const attention = { mask, cuts, recompute: cut.recompute, shared: cut.shared };
  const positions = cut.shared ? graph.input('positions', ['B', 'T'], 'int64') : null;
  const embedded = graph.emit('Gather', [weights(EMBEDDING), tokens], ['B', 'T', config.width], {
    attributes: { axis: 0 },
  });
  const trunk = reshape(graph, buildTrunk(graph, config, weights, { embedded, positions }, attention, project), [
    'N',
    config.width,
  ]);
  const places = graph.input('places', ['M'], 'int32');
  const chosen =
    kind === 'none'
      ? gatherRows(graph, trunk, places)
      : pickRows(graph, trunk, places, graph.input('returns', ['N'], 'int32'));
  const normal = rmsNorm(graph, chosen, weights('model.norm.weight'), config.eps);
  const logits = linear(graph, normal, weights(outputName(config)));
  if (!masked) return { logits, embedded };
  const table = graph.input('table', ['K', config.vocab]);
  return { logits: add(graph, logits, gatherRows(graph, table, graph.input('rows', ['M'], 'int32'))), embedded };
}

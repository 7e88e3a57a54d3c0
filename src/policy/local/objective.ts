// The learner's graphs: the model, the log-probabilities of chosen tokens, a loss on them (loss.ts), and the gradient.
// Sizes of the batch are left open, so one compiled graph of each kind serves every micro-batch.
// Not here: how data become these inputs (batch.ts), what is done with the gradient (learner.ts).
import type { Tensor } from './graph.ts';
import { Graph } from './graph.ts';
import { rmsNorm, tokenLogps } from './layers.ts';
import { buildLoss, type Objective } from './loss.ts';
import type { ModelConfig } from './model.ts';
import { buildTrunk, inputParameters, listParameters, outputName } from './model.ts';
import { add, gatherRows, linear, reshape } from './ops.ts';

/** Name under which the gradient of a parameter leaves the graph. */
export function gradientName(parameter: string): string {
  return `gradient.${parameter}`;
}

/**
 * The graph of an objective, as ONNX bytes. B rows of T tokens; M of the positions predict a token that counts.
 *
 * Inputs: every parameter by name; `tokens` int32 [B, T]; `attention` [Q, T] (see buildTrunk); `places` int32 [M], the
 * predicting position as row · T + column; `targets` int32 [M, 1]; `weights` [M, 1]; when masked `table` [K, V] (added to
 * the logits) and `rows` int32 [M]; for GRPO `advantages` and `old` [M, 1]; where the ratio is clipped `low` and `high`
 * (scalars); for `gspo` `sequences` and `shares` (see loss.ts); with KL also `reference` [M, 1] and `klCoef`.
 * Outputs: `logps` and `entropies` [M, 1]; save for `none` also `loss` and the gradient of each parameter.
 */
export function buildObjective(config: ModelConfig, objective: Objective): Uint8Array {
  const graph = new Graph();
  const weights = inputParameters(graph, config);
  const logits = buildLogits(graph, config, objective.masked, weights);
  const { logps, entropies } = tokenLogps(graph, logits, graph.input('targets', ['M', 1], 'int32'));
  graph.output('logps', logps);
  graph.output('entropies', entropies);
  if (objective.kind === 'none') return graph.build();
  const loss = buildLoss(graph, logps, objective);
  graph.output('loss', loss);
  const names = listParameters(config).map((spec) => spec.name);
  for (const [index, gradient] of graph.gradients(loss, names.map(weights)).entries()) {
    graph.output(gradientName(names[index]!), gradient);
  }
  return graph.build();
}

function buildLogits(
  graph: Graph,
  config: ModelConfig,
  masked: boolean,
  weights: ReturnType<typeof inputParameters>,
): Tensor {
  const tokens = graph.input('tokens', ['B', 'T'], 'int32');
  const attention = graph.input('attention', [config.heads === config.kvHeads ? 'T' : 'Q', 'T']);
  const trunk = reshape(graph, buildTrunk(graph, config, weights, tokens, attention), ['N', config.width]);
  const chosen = gatherRows(graph, trunk, graph.input('places', ['M'], 'int32'));
  const normal = rmsNorm(graph, chosen, weights('model.norm.weight'), config.eps);
  const logits = linear(graph, normal, weights(outputName(config)));
  if (!masked) return logits;
  const table = graph.input('table', ['K', config.vocab]);
  return add(graph, logits, gatherRows(graph, table, graph.input('rows', ['M'], 'int32')));
}

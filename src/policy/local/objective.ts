// The learner's graphs: the model, the log-probabilities of chosen tokens, a loss on them (loss.ts), and the gradient.
// Sizes of the batch are left open, so one compiled graph of each kind serves every micro-batch.
// Not here: how data become these inputs (batch.ts), what is done with the gradient (learner.ts).
import { type Cut, cutNames } from './attention.ts';
import type { Tensor } from './graph.ts';
import { Graph } from './graph.ts';
import { rmsNorm, tokenLogps } from './layers.ts';
import { inputAdapter, type LoraConfig } from './lora.ts';
import { buildLoss, type Objective } from './loss.ts';
import type { ModelConfig, Project } from './model.ts';
import { buildTrunk, inputParameters, listParameters, outputName } from './model.ts';
import { add, gatherRows, linear, reshape } from './ops.ts';

/** Name under which the gradient of a parameter leaves the graph. */
export function gradientName(parameter: string): string {
  return `gradient.${parameter}`;
}

/**
 * The graph of an objective, as ONNX bytes. B rows of T tokens; M of the positions predict a token that counts.
 *
 * Inputs: every parameter by name; `tokens` int32 [B, T]; `attention` [Q, T] and `cut.N` int64 [1] (see
 * attendCausal); `places` int32 [M], the predicting position as row · T + column; `targets` int32 [M, 1]; `weights` [M, 1];
 * when masked `table` [K, V] (added to the logits) and `rows` int32 [M]; for GRPO `advantages` and `old` [M, 1]; where the ratio is clipped `low` and `high`
 * (scalars); for `gspo` `sequences` and `shares` (see loss.ts); with KL also `reference` [M, 1] and `klCoef`.
 * Outputs: `logps` and `entropies` [M, 1]; save for `none` also `loss` and the gradient of each parameter.
 * `cut` is that of the sequences' padded length (chooseCut). With an adapter its parameters are inputs too, and theirs are
 * the only gradients.
 */
export function buildObjective(config: ModelConfig, objective: Objective, cut: Cut, lora?: LoraConfig): Uint8Array {
  const graph = new Graph();
  const weights = inputParameters(graph, config);
  const adapter = lora ? inputAdapter(graph, config, lora, weights) : null;
  const logits = buildLogits(graph, config, objective.masked, cut, weights, adapter?.project);
  const { logps, entropies } = tokenLogps(graph, logits, graph.input('targets', ['M', 1], 'int32'));
  graph.output('logps', logps);
  graph.output('entropies', entropies);
  if (objective.kind === 'none') return graph.build();
  const loss = buildLoss(graph, logps, objective);
  graph.output('loss', loss);
  const learned = adapter?.learned ?? listParameters(config).map(({ name }) => weights(name));
  for (const [index, gradient] of graph.gradients(loss, learned).entries()) {
    graph.output(gradientName(learned[index]!.name), gradient);
  }
  return graph.build();
}

function buildLogits(
  graph: Graph,
  config: ModelConfig,
  masked: boolean,
  cut: Cut,
  weights: ReturnType<typeof inputParameters>,
  project?: Project,
): Tensor {
  const tokens = graph.input('tokens', ['B', 'T'], 'int32');
  const mask = graph.input('attention', ['Q', 'T']);
  const cuts = cutNames(cut).map((name) => graph.input(name, [1], 'int64'));
  const attention = { mask, cuts, recompute: cut.recompute };
  const trunk = reshape(graph, buildTrunk(graph, config, weights, tokens, attention, project), ['N', config.width]);
  const chosen = gatherRows(graph, trunk, graph.input('places', ['M'], 'int32'));
  const normal = rmsNorm(graph, chosen, weights('model.norm.weight'), config.eps);
  const logits = linear(graph, normal, weights(outputName(config)));
  if (!masked) return logits;
  const table = graph.input('table', ['K', config.vocab]);
  return add(graph, logits, gatherRows(graph, table, graph.input('rows', ['M'], 'int32')));
}

import type { AttentionContext } from '../../kernels/attention/attentionForm.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { TransformerConfig } from './config.js';
import type { CacheCall } from './kvCache.js';

/** Is shown the output of each named part of a model, which is freed soon after it returns. */
export type Tap = (name: string, output: Tensor) => void;

/**
 * Looks into the DiT while it runs, and decides nothing: what it asks for is computed beside what the run computes, whose
 * launches stay the same. Tensors are freed soon after a method returns.
 */
export interface FlowTap {
  /**
   * Told of every part by its name (`partNames`), in forward order.
   * @param output gives [tokens, dim] of the call; for a branch of a layer before its gate, computed when it is asked for
   */
  part(name: string, output: () => Tensor): void;
  /**
   * Told what a layer's queries attend to.
   * @param query [tokens, dim], rotated
   * @param call whose `frames` say which keys belong to which frame
   */
  attention?(layer: number, query: Tensor, context: AttentionContext, call: CacheCall): void;
}

/** A tap that is shown every part. */
export const everyPart = (tap: Tap): FlowTap => ({ part: (name, output) => tap(name, output()) });

/** What the parts of a layer are called, after its own name and a dot. */
export const BRANCHES = ['self_attn', 'cross_attn', 'ffn'] as const;

/** The parts of a DiT in forward order, by their names in the official code. */
export function partNames({ num_layers: layers }: Pick<TransformerConfig, 'num_layers'>): string[] {
  const blocks = Array.from({ length: layers }, (_, layer) => `block${layer}`);
  return [
    'patch_embedding',
    ...blocks.flatMap((block) => [...BRANCHES.map((branch) => `${block}.${branch}`), block]),
    'head',
  ];
}

import { ensure } from '../../errors.js';
import { type Backward, f32, type KernelCall, rowwise, u32 } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Form } from '../forms/form.js';
import { subgroupOverrides } from '../forms/matrixForm.js';
import * as reference from './attention.twin.js';
import {
  type AttentionContext,
  type AttentionProblem,
  type AttentionTerms,
  type AttentionTile,
  attentionForm,
  attentionProblem,
  attentionTile,
  hostOf,
  keyTypeCode,
} from './attentionForm.js';
import { attentionGradient } from './attentionGradient.js';
import { attentionInSteps } from './attentionSteps.js';

export interface AttentionOptions extends AttentionTerms {
  /** The form of the kernel, for tests; the best for the device where absent. */
  readonly form?: Form;
}

/** Queries that a workgroup of the plain form handles: the components of a vec4. */
const TILE = 4;

/** The same of the tiled form, and how many columns of a head. */
const LARGE_TILE = { queries: 32, columns: 128 };

/** Two vec4 for each component of a head must fit the 16 KiB of workgroup memory that every WebGPU device grants. */
const MAX_HEAD_DIM = 384;

/**
 * Softmax attention without a mask: which keys take part is said by the rows, never by -infinity.
 * @param query [queries, heads * headDim]
 * @returns [queries, heads * headDim]
 */
export function attention(
  query: Tensor,
  context: AttentionContext,
  heads: number,
  options: AttentionOptions = {},
): Tensor {
  const problem = attentionProblem(query, context, heads, options);
  const { recorder } = query.device;
  const run = () => launchAttention(problem, options.form);
  return recorder && !options.bias ? recorder.asOne(run, backwardOf(problem)) : run();
}

/** Cached keys and values are constants, and own ones where nothing that is differentiated made them: a prompt's. */
function backwardOf({ query, cached, own, heads, scale }: AttentionProblem): Backward {
  return {
    keeps: [query, ...Object.values(cached ?? {}), ...Object.values(own ?? {})],
    gradients: (cotangent, needs) => {
      const isOwnConstant = !own || !(needs(own.keys) || needs(own.values));
      const options = { scale, isOwnConstant };
      const gradient = attentionGradient(query, { cached, own }, heads, cotangent, options);
      if (!own || !gradient.own) return [[query, gradient.query]];
      return [
        [query, gradient.query],
        [own.keys, gradient.own.keys],
        [own.values, gradient.own.values],
      ];
    },
  };
}

function launchAttention(problem: AttentionProblem, wanted: Form | undefined): Tensor {
  const { query } = problem;
  const { device } = query;
  const form = attentionForm(problem, wanted);
  if (form === 'subgroup' && device.kind !== 'reference') return attentionInSteps(problem);
  const { cached, own, heads, rowCount, ownCount, scale, bias } = problem;
  const [queries, width] = query.shape;
  // A part that is absent still needs something bound; the kernel does not read it.
  const reads = [
    query,
    cached?.keys ?? query,
    cached?.values ?? query,
    cached?.rows ?? query,
    own?.keys ?? query,
    own?.values ?? query,
  ];
  const types = { CACHE_TYPE: keyTypeCode(cached?.keys), OWN_TYPE: keyTypeCode(own?.keys) };
  const tile = form === 'matrix' ? attentionTile(device) : undefined;
  const { kernel, overrides, rebinds, ...pieces } = tile ? onMatrices(problem, tile) : inTiles(problem, form);
  return device.launch({
    kernel,
    reads: [...reads, ...rebinds],
    output: [queries, width],
    overrides: { ...overrides, ...types },
    operations: 4 * queries * (rowCount + ownCount) * width,
    ...pieces,
    twin: () =>
      reference.attention(
        query.host,
        cached && {
          keys: hostOf(cached.keys, problem),
          values: hostOf(cached.values, problem),
          rows: cached.rows.hostIndices,
        },
        own && { keys: own.keys.host, values: own.values.host },
        heads,
        scale,
        bias?.host,
      ),
  });
}

/** What a form is launched with beside the parts that every form reads. */
type FormCall = Pick<KernelCall, 'kernel' | 'overrides' | 'params' | 'workgroups' | 'split'> & {
  /** What is bound after those parts. */
  readonly rebinds: readonly Tensor[];
};

function inTiles(
  { query, heads, headDim, rowCount, ownCount, scale, bias, biasSpan }: AttentionProblem,
  form: Form,
): FormCall {
  const isTiled = form === 'tiled';
  ensure(
    isTiled || headDim <= MAX_HEAD_DIM,
    `attention: heads of up to ${MAX_HEAD_DIM} are supported, found ${headDim}`,
  );
  return {
    kernel: isTiled ? 'attention.tiled' : 'attention',
    rebinds: [bias ?? query],
    overrides: { ...(isTiled ? {} : { HEAD_DIM: headDim }), HAS_BIAS: bias ? 1 : 0 },
    ...rowwise(query.shape[0], [0], (first, count) => ({
      params: [
        ...[first, count, heads, rowCount, ownCount, biasSpan].map(u32),
        f32(scale),
        ...(isTiled ? [u32(headDim / 4)] : []),
      ],
      workgroups: isTiled
        ? Math.ceil(count / LARGE_TILE.queries) * heads * Math.ceil(headDim / LARGE_TILE.columns)
        : Math.ceil(count / TILE) * heads,
    })),
  };
}

function onMatrices(
  { query, heads, rowCount, ownCount, scale }: AttentionProblem,
  { subgroups, copies }: AttentionTile,
): FormCall {
  return {
    kernel: 'attention.matrix',
    rebinds: [],
    overrides: { ...subgroupOverrides(query.device), SUBGROUPS: subgroups, COPIES: copies },
    ...rowwise(query.shape[0], [0], (_, count) => ({
      params: [...[count, heads, rowCount, ownCount].map(u32), f32(scale * Math.LOG2E)],
      workgroups: Math.ceil(count / (16 * subgroups)) * heads,
    })),
  };
}

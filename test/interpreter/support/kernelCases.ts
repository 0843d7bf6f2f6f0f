import type fc from 'fast-check';
import type { InterpreterSetup } from '../../../src/interpreter/interpreterDevice.js';
import { HALF_INPUT_TOLERANCE, HALF_TOLERANCE, KERNEL_TOLERANCE } from '../../support/tolerance.js';
import { type Problem, sizes } from '../../support/twins.js';
import * as gradients from './gradients.js';
import { attentionGradients, attentions, convs2d, convs3d, linears } from './products.js';
import { normRopes, ropeGradients, ropes } from './rotations.js';
import * as small from './smallKernels.js';

/** Problems that a kernel, or some of one op, is run on by the interpreter. */
export interface KernelCase {
  /** Files of `src/kernels`, without `.wgsl`, that the problems launch. */
  readonly kernels: readonly string[];
  readonly problems: fc.Arbitrary<Problem>;
  /** Against the twin; what the property test of the kernel itself allows. */
  readonly tolerance?: number;
  /** Which part of the usual number of problems is run, where each takes long. */
  readonly share?: number;
  /** What the interpreter pretends to be. */
  readonly setup?: InterpreterSetup;
  /** Shapes of products of matrices, in the place of those that are for cards. */
  readonly shapes?: Readonly<Record<string, object>>;
}

/** As processors have them. */
const EIGHT = { subgroups: 8 };
const WARP = { subgroups: 32, matrices: 'f16' } as const;
/** Where kernels are told of larger subgroups than there are. */
const HALF_WARP = { subgroups: 16, largest: 32, matrices: 'f16' } as const;

/** Two subgroups beside or below each other, with one buffer or two. */
const [BESIDE, BELOW] = [
  { down: 1, along: 2, rows: 2, columns: 2, step: 4, buffers: 1 },
  { down: 2, along: 1, rows: 2, columns: 2, step: 4, buffers: 2 },
];
const shapes = (shape: object) => ({ linear: shape, half: shape, few: shape, conv: shape });

const packed = ['bf16', 'f16'] as const;
const PRODUCT = { rows: [1, 66], depth: [8, 72, 8], columns: [4, 68, 4], types: packed } as const;
const CONV = {
  ins: [8, 40, 8],
  outs: [4, 68, 4],
  types: [
    ['f16', 'bf16'],
    ['f16', 'f16'],
  ],
} as const;
const PAIRS = {
  headDims: [128],
  types: [
    ['f16', 'f16'],
    ['bf16', 'f16'],
    ['f16', 'bf16'],
    ['f16', 'i8'],
  ],
  biases: [false],
  most: 70,
} as const;

export const CASES: readonly KernelCase[] = [
  { kernels: ['linear'], problems: linears('plain', { rows: [1, 40], depth: [1, 40, 1], columns: [1, 40, 1] }) },
  { kernels: ['linear.tiled'], problems: linears('tiled', { rows: [17, 70], depth: [4, 40, 4], columns: [1, 70, 1] }) },
  { kernels: ['linear.few'], problems: linears('tiled', { rows: [1, 16], depth: [4, 600, 4], columns: [1, 20, 1] }) },
  {
    kernels: ['linear.subgroup'],
    problems: linears('subgroup', { rows: [1, 40], depth: [4, 24, 4], columns: [4, 72, 4] }),
    setup: EIGHT,
  },
  {
    kernels: ['linear.matrix'],
    problems: linears('matrix', { rows: [1, 70], depth: [4, 72, 4], columns: [1, 70, 1], fuses: false }),
    setup: { subgroups: 32, matrices: 'f32' },
  },
  { kernels: ['linear.matrixHalf'], problems: linears('matrix', PRODUCT), setup: WARP, shapes: shapes(BESIDE) },
  { kernels: ['linear.matrixHalf'], problems: linears('matrix', PRODUCT), setup: HALF_WARP, shapes: shapes(BELOW) },
  {
    kernels: ['linear.matrixHalf'],
    problems: linears('half', PRODUCT),
    setup: WARP,
    shapes: shapes(BELOW),
    tolerance: HALF_INPUT_TOLERANCE,
  },
  { kernels: ['attention'], problems: attentions('plain', { headDims: [1, 3, 20] }) },
  { kernels: ['attention.tiled'], problems: attentions('tiled', { headDims: [4, 20, 36] }) },
  {
    kernels: ['attentionScores.subgroup', 'attentionSoftmax.subgroup', 'attentionValues.subgroup'],
    problems: attentions('subgroup', { headDims: [4, 20] }),
    setup: EIGHT,
  },
  ...[WARP, HALF_WARP].flatMap((setup) =>
    [1, 2].map((copies) => ({
      kernels: ['attention.matrix'],
      problems: attentions('matrix', setup === WARP ? { ...PAIRS, raisesAfter: 40 } : PAIRS),
      setup,
      shapes: { attention: { subgroups: 4, copies } },
      share: 0.34,
      tolerance: HALF_INPUT_TOLERANCE,
    })),
  ),
  {
    kernels: ['headProduct', 'attentionWeights', 'scoreGradient'],
    problems: attentionGradients('plain', { headDims: [1, 3, 20] }),
  },
  { kernels: ['headProduct.tiled'], problems: attentionGradients('tiled', { headDims: [4, 68], most: 70 }) },
  ...[WARP, HALF_WARP].map((setup) => ({
    kernels: ['headProduct.matrix'],
    problems: attentionGradients('matrix', { headDims: [8, 68], types: PAIRS.types, most: 70 }),
    setup,
    share: 0.5,
    tolerance: HALF_INPUT_TOLERANCE,
  })),
  {
    kernels: ['headProduct.subgroup', 'attentionWeights.subgroup', 'scoreGradient.subgroup'],
    problems: attentionGradients('subgroup', { headDims: [4, 20, 36], most: 40 }),
    setup: EIGHT,
  },
  { kernels: ['causalConv3d'], problems: convs3d('plain', { ins: [1, 9, 1], outs: [1, 9, 1] }) },
  { kernels: ['causalConv3d.tiled'], problems: convs3d('tiled', { ins: [4, 24, 4], outs: [1, 68, 1] }) },
  {
    kernels: ['causalConv3d.subgroup'],
    problems: convs3d('subgroup', { ins: [4, 8, 4], outs: [4, 36, 4] }),
    setup: EIGHT,
  },
  { kernels: ['conv2d'], problems: convs2d('plain', { ins: [1, 9, 1], outs: [1, 9, 1] }) },
  { kernels: ['conv2d.tiled'], problems: convs2d('tiled', { ins: [4, 24, 4], outs: [1, 68, 1] }) },
  { kernels: ['conv2d.subgroup'], problems: convs2d('subgroup', { ins: [4, 8, 4], outs: [4, 36, 4] }), setup: EIGHT },
  ...[
    { setup: WARP, shapes: shapes(BESIDE) },
    { setup: HALF_WARP, shapes: shapes(BELOW) },
  ].flatMap((how) => [
    { kernels: ['causalConv3d.matrix'], problems: convs3d('matrix', CONV), ...how },
    { kernels: ['conv2d.matrix'], problems: convs2d('matrix', CONV), ...how },
  ]),
  { kernels: ['rmsNorm'], problems: small.norms('rmsNorm', 'plain', sizes(150)) },
  { kernels: ['rmsNorm.subgroup'], problems: small.norms('rmsNorm', 'subgroup', small.fours(152)), setup: EIGHT },
  { kernels: ['rmsNormRope'], problems: normRopes('plain', 1), tolerance: HALF_TOLERANCE },
  { kernels: ['rmsNormRope.subgroup'], problems: normRopes('subgroup', 2), setup: EIGHT, tolerance: HALF_TOLERANCE },
  { kernels: ['layerNorm'], problems: small.norms('layerNorm', 'plain', sizes(150)) },
  { kernels: ['layerNorm.subgroup'], problems: small.norms('layerNorm', 'subgroup', small.fours(152)), setup: EIGHT },
  { kernels: ['channelNorm'], problems: small.channelNorms('plain', sizes(40)), tolerance: HALF_TOLERANCE },
  {
    kernels: ['channelNorm.subgroup'],
    problems: small.channelNorms('subgroup', small.fours(40)),
    setup: EIGHT,
    tolerance: HALF_TOLERANCE,
  },
  { kernels: ['elementwise'], problems: small.elementwises(sizes(75).map((size) => 4 * size + 1)) },
  { kernels: ['elementwise.vec4'], problems: small.elementwises(small.fours(300)) },
  { kernels: ['adamStep'], problems: gradients.adamSteps },
  { kernels: ['motionVariance'], problems: gradients.motions },
  { kernels: ['motionVarianceGradient'], problems: gradients.motionGradients },
  { kernels: ['transpose'], problems: gradients.transposes },
  { kernels: ['rmsNormGradient'], problems: gradients.rmsNormGradients },
  { kernels: ['layerNormGradient'], problems: gradients.layerNormGradients },
  { kernels: ['gatedResidualGradient'], problems: gradients.gateGradients },
  { kernels: ['cast'], problems: small.casts, tolerance: HALF_TOLERANCE },
  { kernels: ['firstNotFinite'], problems: small.notFinites, tolerance: 0 },
  { kernels: ['largestMagnitude'], problems: small.magnitudes, tolerance: 0 },
  { kernels: ['relu'], problems: small.relus, tolerance: HALF_TOLERANCE },
  { kernels: ['joinChannels'], problems: small.joins, tolerance: HALF_TOLERANCE },
  { kernels: ['patchPixels'], problems: small.pixelPatches },
  { kernels: ['updateQuantizedRows', 'gatherQuantizedRows'], problems: small.quantizedRows },
  { kernels: ['blendFrames'], problems: small.blends },
  { kernels: ['updateSum'], problems: small.sums },
  { kernels: ['weightedSum'], problems: small.weightedSums },
  { kernels: ['channelsFirst'], problems: small.firsts },
  { kernels: ['channelsLast'], problems: small.lasts },
  { kernels: ['patchify'], problems: small.patches },
  { kernels: ['toPixels'], problems: small.pixels, tolerance: 0 },
  { kernels: ['tokenSummary'], problems: small.summaries },
  { kernels: ['tokenDrift'], problems: small.driftsOf },
  { kernels: ['modulation'], problems: small.modulations },
  { kernels: ['gatedResidual'], problems: small.gates },
  { kernels: ['rope'], problems: ropes },
  { kernels: ['rope'], problems: ropeGradients },
  { kernels: ['gatherRows'], problems: small.gathers, tolerance: 0 },
  { kernels: ['updateRows'], problems: small.rowUpdates, tolerance: 0 },
];

export const toleranceOf = ({ tolerance = KERNEL_TOLERANCE }: KernelCase): number => tolerance;

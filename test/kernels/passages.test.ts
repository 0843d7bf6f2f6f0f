import { expect, test } from 'vitest';
import { kernelNames, kernelText } from '../../src/node/kernelTexts.js';

// No WGSL is shared: a kernel is read alone. What several must have in common is marked in each by a line
// `// Passage: <name>`, and goes from there to an empty line or to the end of its block.

const MARK = /^( *)\/\/ Passage: (.+)$/;

/** The passages of a kernel, without what they are indented by. */
function passagesOf(kernel: string): { name: string; kernel: string; text: string }[] {
  const lines = kernelText(kernel).split('\n');
  return lines.flatMap((line, at) => {
    const [, indent, name] = MARK.exec(line) ?? [];
    if (name === undefined) return [];
    const rest = lines.slice(at + 1);
    const end = rest.findIndex((next) => next === '' || !next.startsWith(indent));
    return [{ name, kernel, text: rest.slice(0, end).map((next) => next.slice(indent.length)).join('\n') }]; // biome-ignore format: one line
  });
}

const passages = kernelNames().flatMap(passagesOf);
const kernelsWith = (name: string) => passages.filter((passage) => passage.name === name).map(({ kernel }) => kernel);
const forms = (kernel: string, ...names: string[]) => [kernel, ...names.map((name) => `${kernel}.${name}`)].sort();

/** Which kernels hold which passage. */
const HOLDERS: Record<string, readonly string[]> = {
  'four of 16 bits': [
    'attentionScores.subgroup',
    'attentionValues.subgroup',
    'causalConv3d.subgroup',
    'causalConv3d.tiled',
    'conv2d.subgroup',
    'conv2d.tiled',
    'headProduct.matrix',
    'headProduct.subgroup',
    'headProduct.tiled',
    'linear.few',
    'linear.matrix',
    'linear.subgroup',
    'linear.tiled',
  ],
  'four of 8 bits': [
    'attention.matrix',
    'attention.tiled',
    'attentionScores.subgroup',
    'attentionValues.subgroup',
    'gatherQuantizedRows',
  ],
  'four of any type': [
    'attentionValues.subgroup',
    'causalConv3d.subgroup',
    'causalConv3d.tiled',
    'conv2d.subgroup',
    'conv2d.tiled',
  ],
  'four weights': ['linear.few', 'linear.matrix', 'linear.tiled'],
  'the word of an element': [
    'attention',
    'cast',
    'causalConv3d',
    'conv2d',
    'headProduct',
    'linear',
    'updateQuantizedRows',
  ],
  'an element of a word': [
    'attention',
    'cast',
    'causalConv3d',
    'conv2d',
    'headProduct',
    'linear',
    'updateQuantizedRows',
  ],
  'the end of linear': forms('linear', 'few', 'tiled'),
  'a sum over a workgroup': [
    'attentionWeights',
    'layerNorm',
    'layerNormGradient',
    'rmsNorm',
    'rmsNormGradient',
    'rmsNormRope',
    'scoreGradient',
  ],
  'lines of scores': [...forms('attentionWeights', 'subgroup'), ...forms('scoreGradient', 'subgroup')],
  'four columns of keys': ['attentionWeights.subgroup', 'scoreGradient.subgroup'],
  'the parameters of headProduct': forms('headProduct', 'matrix', 'subgroup', 'tiled'),
  'lines turned into columns': ['headProduct.matrix', 'headProduct.tiled'],
  'four elements of b': ['headProduct.matrix', 'headProduct.tiled'],
  'four rows of b': ['headProduct.matrix', 'headProduct.subgroup', 'headProduct.tiled'],
  'one of eight': ['headProduct.subgroup', 'linear.subgroup'],
  'columns of keys': ['attentionWeights', 'scoreGradient'],
  'the largest of a subgroup': ['attentionScores.subgroup', 'attentionSoftmax.subgroup'],
  'the sum of a subgroup': ['attentionScores.subgroup', 'attentionSoftmax.subgroup'],
  'weights of four channels': ['causalConv3d', 'conv2d'],
  'rows of four channels': ['causalConv3d', 'conv2d'],
  'what a tap reads': ['causalConv3d.subgroup', 'conv2d.subgroup'],
  'products of matrices': ['causalConv3d.matrix', 'conv2d.matrix', 'linear.matrixHalf'],
  'eight in f16': ['attention.matrix', 'headProduct.matrix', 'linear.matrixHalf'],
  'two of bf16 in f16': ['causalConv3d.matrix', 'conv2d.matrix'],
  'weights into workgroup memory': ['causalConv3d.matrix', 'conv2d.matrix'],
  'the parameters of linear': forms('linear', 'few', 'matrixHalf', 'subgroup', 'tiled'),
  'the parameters of causalConv3d': forms('causalConv3d', 'matrix', 'subgroup', 'tiled'),
  'the parameters of conv2d': forms('conv2d', 'matrix', 'subgroup', 'tiled'),
  'the parameters of layerNorm': forms('layerNorm', 'subgroup'),
  'the parameters of rmsNorm': [...forms('rmsNorm', 'subgroup'), 'rmsNormGradient'],
  'the parameters of gatedResidual': ['gatedResidual', 'gatedResidualGradient'],
  'the parameters of rmsNormRope': forms('rmsNormRope', 'subgroup'),
  "where a token's angles are": forms('rmsNormRope', 'subgroup'),
  'the angle of a pair': forms('rmsNormRope', 'subgroup'),
  'the bits of bf16': ['cast', ...forms('rmsNormRope', 'subgroup')],
  'two values in a word': forms('rmsNormRope', 'subgroup'),
  'the parameters of channelNorm': forms('channelNorm', 'subgroup'),
  'the parameters of motionVariance': ['motionVariance', 'motionVarianceGradient'],
  'how far a pixel moves': ['motionVariance', 'motionVarianceGradient'],
  'the mean of how far': ['motionVariance', 'motionVarianceGradient'],
  'latents and their patches': ['patchify', 'tokenSummary'],
};

test('every passage that is marked is known, with the kernels that hold it', () => {
  const found = Object.fromEntries(passages.map(({ name }) => [name, kernelsWith(name)]));
  expect(found).toEqual(HOLDERS);
});

test.each(Object.keys(HOLDERS))('%s is the same letter for letter in every kernel that holds it', (name) => {
  const [first, ...others] = passages.filter((passage) => passage.name === name);
  expect(first.text.split('\n').length).toBeGreaterThanOrEqual(3);
  for (const { text, kernel } of others) expect(text, `${kernel} against ${first.kernel}`).toBe(first.text);
});

/** Shorter ones are the same by chance. */
const LONG = 5;

test('a function or a structure of some length that two kernels have is marked in both', () => {
  const BLOCK = /^((?:\/\/.*\n)*)((?:fn|struct) (?!main\b)\w+[\s\S]*?\n\}\n)/gm;
  const blocks = kernelNames().flatMap((kernel) =>
    Array.from(kernelText(kernel).matchAll(BLOCK), ([, comment, code]) => ({
      kernel,
      code,
      isMarked: comment.startsWith('// Passage: '),
    })),
  );
  const long = blocks.filter(({ code }) => code.trim().split('\n').length >= LONG);
  expect(long.length).toBeGreaterThan(50);
  const copies = long.filter((block) => long.some((other) => other !== block && other.code === block.code));
  expect(
    copies.filter(({ isMarked }) => !isMarked).map(({ kernel, code }) => `${kernel}: ${code.split('\n')[0]}`),
  ).toEqual([]);
});

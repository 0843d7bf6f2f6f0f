// The works as ONNX graphs: for each its forms { name, model, feeds, inOurOrder, flaw }. Feeds are the inputs that change from
// run to run in a model; everything else is a constant, in the order that is best for onnxruntime.
import { asF16, transposed } from '../values.mjs';

export const modelsOf = (work, inputs) => MAKERS[work.kind]?.(work, inputs) ?? [];

const typed = (type, { shape, data }) => ({ type, shape, data: type === 'f16' ? asF16(data) : data });
const described = (type, feeds) =>
  Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, { type, shape }]));
const integers = (...values) => ({ type: 'i64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });
const scalar = (value) => ({ type: 'f32', shape: [], data: Float32Array.of(value) });

const form = (name, type, { feeds, shape, constants, nodes, inOurOrder, flaw }) => ({
  name,
  flaw,
  feeds,
  inOurOrder,
  model: { inputs: described(type, feeds), outputs: { result: { type, shape } }, constants, nodes },
});

const MAKERS = {
  linear(work, { x, weight, bias }) {
    const type = work.type === 'f32' ? 'f32' : 'f16';
    const [feeds, shape] = [{ x }, [x.shape[0], weight.shape[0]]];
    const asStored = { weight: typed(type, weight), bias: typed(type, bias) };
    const turned = { ...asStored, weight: typed(type, transposed(weight, [1, 0])) };
    return [
      form(`MatMul, Add ${type}`, type, {
        feeds,
        shape,
        constants: turned,
        nodes: [
          ['MatMul', ['x', 'weight'], 'product'],
          ['Add', ['product', 'bias'], 'result'],
        ],
      }),
      form(`Gemm ${type}`, type, {
        feeds,
        shape,
        constants: asStored,
        nodes: [['Gemm', ['x', 'weight', 'bias'], 'result', { transB: 1 }]],
      }),
    ];
  },

  attention({ heads }, inputs) {
    const [tokens, width] = inputs.query.shape;
    const batched = ({ shape, data }) => ({ shape: [1, ...shape], data });
    const [query, keys, values] = [inputs.query, inputs.keys, inputs.values].map(batched);
    const feeds = { query, keys, values };
    const shape = [1, tokens, width];
    const split = (name) => [
      ['Reshape', [name, 'heads'], `${name} by head`],
      ['Transpose', [`${name} by head`], `${name} turned`, { perm: name === 'keys' ? [0, 2, 3, 1] : [0, 2, 1, 3] }],
    ];
    return [
      form('MultiHeadAttention', 'f32', {
        feeds,
        shape,
        nodes: [['MultiHeadAttention', ['query', 'keys', 'values'], 'result', { num_heads: heads }]],
        // Version 1.30.0 on lavapipe, 8 lanes: the weights of keys are off by -6 to +24%, as if sums were not always
        // rescaled to a new maximum. Its processor provider agrees with us. All the work is done, so its time counts.
        flaw: 'known: its fused kernel is wrong with subgroups of 8 lanes',
      }),
      form('MatMul, Softmax, MatMul', 'f32', {
        feeds,
        shape,
        constants: {
          heads: integers(1, tokens, heads, width / heads),
          together: integers(...shape),
          scale: scalar(1 / Math.sqrt(width / heads)),
        },
        nodes: [
          ...['query', 'keys', 'values'].flatMap(split),
          ['MatMul', ['query turned', 'keys turned'], 'products'],
          ['Mul', ['products', 'scale'], 'scores'],
          ['Softmax', ['scores'], 'shares', { axis: -1 }],
          ['MatMul', ['shares', 'values turned'], 'by head'],
          ['Transpose', ['by head'], 'by token', { perm: [0, 2, 1, 3] }],
          ['Reshape', ['by token', 'together'], 'result'],
        ],
      }),
    ];
  },

  causalConv3d(_, { x, weight, bias }) {
    const [count, height, width] = x.shape;
    const frames = count - 2;
    const channels = bias.shape[0];
    const picture = transposed(x, [3, 0, 1, 2]);
    return [
      form('Conv', 'f32', {
        feeds: { x: { shape: [1, ...picture.shape], data: picture.data } },
        shape: [1, channels, frames, height, width],
        constants: { weight: typed('f32', transposed(weight, [0, 4, 1, 2, 3])), bias: typed('f32', bias) },
        nodes: [['Conv', ['x', 'weight', 'bias'], 'result', { pads: [0, 1, 1, 0, 1, 1] }]],
        inOurOrder: (data) => transposed({ shape: [channels, frames, height, width], data }, [1, 2, 3, 0]).data,
      }),
    ];
  },

  layerNorm({ eps }, { x, shift, scale }) {
    const one = scalar(1);
    const ones = typed('f32', { shape: scale.shape, data: new Float32Array(scale.data.length).fill(1) });
    const norm = { axis: -1, epsilon: eps };
    const plusOne = ['Add', ['scale', 'one'], 'factor'];
    const common = { feeds: { x, shift, scale }, shape: x.shape };
    return [
      form('LayerNormalization, Mul, Add', 'f32', {
        ...common,
        constants: { one, ones },
        nodes: [
          plusOne,
          ['LayerNormalization', ['x', 'ones'], 'normed', norm],
          ['Mul', ['normed', 'factor'], 'scaled'],
          ['Add', ['scaled', 'shift'], 'result'],
        ],
      }),
      // Possible as long as every row has the same modulation: not for the several frames of a block.
      form('LayerNormalization alone', 'f32', {
        ...common,
        constants: { one },
        nodes: [plusOne, ['LayerNormalization', ['x', 'factor', 'shift'], 'result', norm]],
      }),
    ];
  },
};

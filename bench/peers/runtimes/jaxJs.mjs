// jax-js, every work as one jitted function of arrays on the adapter. An array is consumed by what it is given to;
// `.ref` keeps it.
import { blockUntilReady, defaultDevice, getWebGPUDevice, init, jit, lax, nn, numpy } from '@jax-js/jax';
import { provideWebGpu } from '../dist.mjs';
import { transposed } from '../values.mjs';

export async function open() {
  const adapter = await provideWebGpu();
  const ready = await init('webgpu');
  if (!ready.includes('webgpu')) throw new Error('jax-js found no WebGPU adapter');
  defaultDevice('webgpu');
  return { adapter, forms: (work, inputs) => (MAKERS[work.kind] ? [formOf(work, inputs)] : []) };
}

/** Channels first, as the convolution takes them. */
const CHANNELS_FIRST = [3, 0, 1, 2];

function formOf(work, inputs) {
  const { name, arrays, compute, inOurOrder = (data) => data } = MAKERS[work.kind](work, inputs);
  const compiled = jit(compute);
  const results = []; // all are kept until the wait: what is disposed of before it is never computed
  return {
    name,
    run() {
      results.push(compiled(...arrays.map((array) => array.ref)));
    },
    async wait() {
      await blockUntilReady(results);
      await getWebGPUDevice().queue.onSubmittedWorkDone();
      for (const old of results.splice(0, results.length - 1)) old.dispose();
    },
    read: async () => inOurOrder(Float32Array.from(await results[0].ref.data())),
    dispose() {
      for (const array of [...results, ...arrays]) array.dispose();
      compiled.dispose();
    },
  };
}

const arrayOf = ({ shape, data }) => numpy.array(data).reshape(shape);

/** By kind of work: the arrays, and the function of them. */
const MAKERS = {
  linear({ type }, inputs) {
    const arrays = [inputs.x, inputs.weight, inputs.bias].map(arrayOf);
    const compute = (x, weight, bias) => numpy.matmul(x, weight.transpose()).add(bias);
    if (type === 'f32') return { name: 'x · weightᵀ', arrays, compute };
    return { name: 'f16, x · weightᵀ', arrays: arrays.map((array) => array.astype(numpy.float16)), compute };
  },

  attention({ heads }, { query, keys, values }) {
    const shape = [query.shape[0], heads, query.shape[1] / heads];
    const arrays = [query, keys, values].map(({ data }) => arrayOf({ shape, data }));
    return { name: 'nn.dotProductAttention', arrays, compute: (q, k, v) => nn.dotProductAttention(q, k, v) };
  },

  causalConv3d(_, { x, weight, bias }) {
    const picture = transposed(x, CHANNELS_FIRST);
    const kernel = transposed(weight, [0, 4, 1, 2, 3]);
    const channels = bias.shape[0];
    const arrays = [
      arrayOf({ shape: [1, ...picture.shape], data: picture.data }),
      arrayOf(kernel),
      arrayOf({ shape: [1, channels, 1, 1, 1], data: bias.data }),
    ];
    const [count, height, width] = x.shape;
    const padding = [[0, 0], [1, 1], [1, 1]]; // biome-ignore format: one line
    return {
      name: 'lax.convGeneralDilated',
      arrays,
      compute: (input, filter, offset) => lax.convGeneralDilated(input, filter, [1, 1, 1], padding).add(offset),
      inOurOrder: (data) => transposed({ shape: [channels, count - 2, height, width], data }, [1, 2, 3, 0]).data,
    };
  },

  layerNorm({ eps }, { x, shift, scale }) {
    const compute = (input, offset, factor) =>
      nn.standardize(input, -1, { epsilon: eps }).mul(factor.add(1)).add(offset);
    return { name: 'nn.standardize, mul, add', arrays: [x, shift, scale].map(arrayOf), compute };
  },
};

// TensorFlow.js on its WebGPU backend, which is eager: an operation is a kernel or a few.
import { provideWebGpu } from '../dist.mjs';
import { ringed, transposed } from '../values.mjs';

export async function open() {
  const adapter = await provideWebGpu();
  const tf = await import('@tensorflow/tfjs-core'); // which looks for WebGPU when it is loaded
  await import('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend('webgpu');
  await tf.ready();
  if (tf.getBackend() !== 'webgpu') throw new Error(`tfjs took its ${tf.getBackend()} backend`);
  return {
    adapter,
    forms: (work, inputs) => (work.type === 'f32' && MAKERS[work.kind] ? [formOf(tf, work, inputs)] : []),
  };
}

function formOf(tf, work, inputs) {
  const { name, tensors, compute } = MAKERS[work.kind](tf, work, inputs);
  let result;
  return {
    name,
    run() {
      result?.dispose();
      result = tf.tidy(compute);
    },
    async wait() {
      const backend = tf.backend();
      backend.endComputePassEncoder();
      backend.submitQueue();
      await backend.device.queue.onSubmittedWorkDone();
    },
    read: () => result.data(),
    dispose: () => tf.dispose([result, ...tensors]),
  };
}

/** By kind of work: the tensors, and the function of them. */
const MAKERS = {
  linear(tf, _, inputs) {
    const [x, weight, bias] = [inputs.x, inputs.weight, inputs.bias].map(({ data, shape }) => tf.tensor(data, shape));
    const compute = () => tf.fused.matMul({ a: x, b: weight, transposeB: true, bias });
    return { name: 'fused.matMul, x · weightᵀ', tensors: [x, weight, bias], compute };
  },

  attention(tf, { heads }, inputs) {
    const { query, keys, values } = inputs;
    const [tokens, width] = query.shape;
    const tensors = [query, keys, values].map(({ data }) => tf.tensor(data, [tokens, heads, width / heads]));
    const compute = () => {
      const [q, k, v] = tensors.map((tensor) => tf.transpose(tensor, [1, 0, 2]));
      const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads));
      return tf.transpose(tf.matMul(tf.softmax(scores), v), [1, 0, 2]);
    };
    return { name: 'matMul, softmax, matMul', tensors, compute };
  },

  causalConv3d(tf, _, { x, weight, bias }) {
    const padded = ringed(x); // its padding is for all three axes or none
    const kernel = transposed(weight, [1, 2, 3, 4, 0]);
    const tensors = [
      tf.tensor(padded.data, [1, ...padded.shape]),
      tf.tensor(kernel.data, kernel.shape),
      tf.tensor(bias.data),
    ];
    const rows = [-1, bias.shape[0]]; // the WGSL of its sums is not valid for five axes
    const compute = () => tf.add(tf.reshape(tf.conv3d(tensors[0], tensors[1], 1, 'valid'), rows), tensors[2]);
    return { name: 'conv3d, add', tensors, compute };
  },

  layerNorm(tf, { eps }, inputs) {
    const [x, shift, scale] = [inputs.x, inputs.shift, inputs.scale].map(({ data, shape }) => tf.tensor(data, shape));
    const compute = () => {
      const { mean, variance } = tf.moments(x, -1, true);
      const normed = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, eps)));
      return tf.add(tf.mul(normed, tf.add(scale, 1)), shift);
    };
    return { name: 'moments, sub, mul, add', tensors: [x, shift, scale], compute };
  },
};

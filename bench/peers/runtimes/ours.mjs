// This project's kernels, as a run of the model calls them.
import { fromDist } from '../dist.mjs';
import { asBf16, asF16, sizeOf } from '../values.mjs';
import { forwardForm } from './oursForward.mjs';

export async function open() {
  const { openDevice } = await fromDist('node/openDevice.js');
  const kernels = Object.assign(
    {},
    ...(await Promise.all(
      ['attention/attention', 'convolution/causalConv3d', 'norms/layerNorm', 'linear/linear'].map((name) =>
        fromDist(`kernels/${name}.js`),
      ),
    )),
  );
  const device = await openDevice();
  return {
    adapter: device.name,
    forms: async (work, inputs) =>
      work.kind === 'forward' ? [await forwardForm(device, work)] : formsOf(device, kernels, work, inputs),
  };
}

/** Each way of doing a work: a name, and what a run is made of (README.md). */
function formsOf(device, kernels, work, inputs) {
  const upload = ({ shape, data }, type = 'f32') =>
    device.upload(type === 'f32' ? data : type === 'bf16' ? asBf16(data) : asF16(data), shape, type);
  const types = work.type === '16-bit' ? ['bf16', 'f16', 'f32'] : ['f32'];
  return types.map((type) => {
    const { tensors, launch } = MAKERS[work.kind](kernels, work, inputs, (input, as) => upload(input, as && type));
    let result;
    return {
      name: type,
      run() {
        result?.dispose();
        result = launch();
      },
      wait: () => device.synchronize(),
      read: () => device.read(result),
      dispose: () => [result, ...tensors].map((tensor) => tensor.dispose()),
    };
  });
}

/** By kind of work: tensors on the adapter, and the launch. `upload(input, true)` takes the type that is measured. */
const MAKERS = {
  linear({ linear }, _, { x, weight, bias }, upload) {
    const tensors = [upload(x), upload(weight, true), upload(bias)];
    return { tensors, launch: () => linear(...tensors) };
  },

  attention({ attention }, { heads }, { query, keys, values }, upload) {
    const tensors = [upload(query), upload(keys), upload(values)];
    const own = { keys: tensors[1], values: tensors[2] };
    return { tensors, launch: () => attention(tensors[0], { own }, heads) };
  },

  causalConv3d({ causalConv3d }, _, { x, weight, bias }, upload) {
    const [count, ...picture] = x.shape;
    const size = sizeOf(picture);
    const frames = (from, to) => upload({ shape: [to - from, ...picture], data: x.data.slice(from * size, to * size) });
    const tensors = [frames(2, count), frames(0, 1), frames(1, 2), upload(weight, true), upload(bias)];
    const [later, older, newer, ...rest] = tensors;
    return { tensors, launch: () => causalConv3d(later, [older, newer], ...rest) };
  },

  layerNorm({ modulatedLayerNorm }, { eps }, { x, shift, scale }, upload) {
    const data = new Float32Array([...shift.data, ...scale.data]);
    const tensors = [upload(x), upload({ shape: [1, 2, x.shape[1]], data })];
    return { tensors, launch: () => modulatedLayerNorm(...tensors, { shift: 0, scale: 1 }, eps) };
  },
};

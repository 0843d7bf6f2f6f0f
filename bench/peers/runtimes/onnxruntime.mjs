// onnxruntime's WebGPU provider, with a Dawn of its own. Weights are constants of the model, other inputs and results
// tensors on the adapter.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { fromDist } from '../dist.mjs';
import { sizeOf } from '../values.mjs';
import { DATA_TYPES, onnxModel } from './onnxModel.mjs';
import { modelsOf } from './onnxWorks.mjs';

/** @param adapter the name of the one that this project found: onnxruntime is shown its driver only */
export async function open(adapter) {
  const routes = await fromDist('node/adapter/route.js');
  const route = /llvmpipe/.test(adapter)
    ? routes.lavapipeRoute()
    : /SwiftShader/.test(adapter)
      ? routes.swiftShaderRoute()
      : routes.systemRoute();
  await routes.onRoute(route, () => onAdapter(toFloat('f32', [1]), 'cpu')); // drivers are loaded with the first session
  return { adapter, forms: (work, inputs) => Promise.all(modelsOf(work, inputs).map((model) => formOf(model))) };
}

/** @param where results stay: `gpu-buffer` or `cpu` */
const onAdapter = (model, where) =>
  InferenceSession.create(onnxModel(model), {
    executionProviders: ['webgpu'],
    intraOpNumThreads: 1, // onnxruntime's own threads would count as the adapter's
    interOpNumThreads: 1,
    preferredOutputLocation: where,
  });

async function formOf({ name, model, feeds, flaw, inOurOrder = (data) => data }) {
  const session = await onAdapter(model, 'gpu-buffer');
  const { type, shape } = model.outputs.result;
  const first = await onAdapter(firstNumber(type, shape), 'cpu');
  const whole = await onAdapter(toFloat(type, shape), 'cpu');
  const uploads = await Promise.all(
    Object.entries(feeds).map(([input, { data }]) => upload(input, model.inputs[input], data)),
  );
  const uploaded = Object.assign({}, ...uploads.map(({ tensors }) => tensors));
  let result;
  return {
    name,
    flaw,
    async run() {
      result?.dispose();
      ({ result } = await session.run(uploaded));
    },
    wait: () => first.run({ value: result }), // which reads its first number alone
    read: async () => inOurOrder((await whole.run({ value: result })).float.data),
    async dispose() {
      for (const tensor of [result, ...Object.values(uploaded)]) tensor.dispose();
      for (const each of [first, whole, session, ...uploads.map(({ uploader }) => uploader)]) await each.release();
    },
  };
}

/** An input as a tensor on the adapter. The session that made it must outlive it, or the process dies. */
async function upload(name, { type, shape }, data) {
  // f16 crosses the border between JavaScript and the adapter as f32: the binding does not take Node 24's Float16Array.
  const uploader = await onAdapter(
    {
      inputs: { value: { type: 'f32', shape } },
      outputs: { [name]: { type, shape } },
      nodes: [['Cast', ['value'], name, { to: DATA_TYPES[type] }]],
    },
    'gpu-buffer',
  );
  return { uploader, tensors: await uploader.run({ value: new Tensor('float32', data, shape) }) };
}

const toFloat = (type, shape) => ({
  inputs: { value: { type, shape } },
  outputs: { float: { type: 'f32', shape } },
  nodes: [['Cast', ['value'], 'float', { to: DATA_TYPES.f32 }]],
});

const numbers = (...values) => ({ type: 'i64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });

const firstNumber = (type, shape) => ({
  inputs: { value: { type, shape } },
  outputs: { first: { type: 'f32', shape: [1] } },
  constants: { line: numbers(sizeOf(shape)), start: numbers(0), end: numbers(1) },
  nodes: [
    ['Reshape', ['value', 'line'], 'flat'],
    ['Slice', ['flat', 'start', 'end'], 'exact'],
    ['Cast', ['exact'], 'first', { to: DATA_TYPES.f32 }],
  ],
});
